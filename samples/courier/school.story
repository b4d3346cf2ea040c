Schools to teach two foreign languages from third grade
Teachers' association warns of a shortage of staff.
Jonas Friis
2026-11-16T11:05:00Z

Pupils will learn two foreign languages from the third grade under a plan that parliament approved on Wednesday with votes from both sides of the house.

The education ministry wants to train 3,500 additional teachers by 2030. The teachers' association called the goal right and the schedule unrealistic, because one post in seven is vacant today.

Pilot projects in forty schools showed better reading results in the first language too, the ministry said.
