Sides agree to extend ceasefire by thirty days
Prisoner exchange planned for next week, mediators say.

2026-11-18T11:05:00Z

The two sides agreed on Wednesday to extend the ceasefire along the line of contact by thirty days, mediators said after talks that lasted until early morning.

A prisoner exchange is planned for next week and a humanitarian convoy is to enter the besieged town on Saturday. Both armies accused each other of shelling in the hours before the agreement.

"It is a fragile step, but it is a step," the United Nations envoy told reporters. Previous truces collapsed within days. Troops are to pull heavy weapons back by fifteen kilometres.
