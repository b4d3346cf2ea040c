Thousands leave homes as river reaches record level
Soldiers fill sandbags along the lower course.
Maren Holt
2026-11-20T10:05:00Z

About 8,000 people left their homes on Sunday as the river reached its highest level since records began in 1893, emergency services said.

Soldiers filled sandbags along the lower course and closed two bridges. Three people were injured when a dam burst near the town of Altmark, and 1,200 households were without electricity.

Meteorologists expect the rain to stop on Tuesday. The government promised quick help for those whose houses were damaged.
