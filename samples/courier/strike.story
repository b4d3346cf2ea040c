Rail workers end strike after deal on pay
Trains are expected to run normally from Thursday.
Jonas Friis
2026-11-19T09:05:00Z

Rail workers ended a six-day strike on Tuesday night after their union and the operator agreed on a pay rise of 4.8 percent and shorter night shifts.

Trains are expected to run normally from Thursday. The strike had stopped nine out of ten long-distance services and cost the operator an estimated 90 million euros.

Union members will vote on the agreement next month. "Nobody won everything, and that is why it will last," negotiator Paul Brandt said.
