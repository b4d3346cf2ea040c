Museum returns bronze figures to country of origin
The objects were taken in the nineteenth century.
Maren Holt
2026-11-17T12:05:00Z

The national museum handed over 26 bronze figures to representatives of their country of origin on Monday, more than 130 years after soldiers had taken them.

The works are to be shown in a new museum that opens next year. Five objects will stay as loans. Culture minister Hanna Vogel spoke of a late act of justice.
