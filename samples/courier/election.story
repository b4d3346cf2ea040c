Opposition wins regional vote in Norland, early count shows
Governing coalition loses its majority after twelve years.
Jonas Friis
2026-11-17T07:05:00Z

The opposition Alliance for Norland won 48 percent of the vote in Sunday's regional election, an early count showed, ending twelve years of government by the conservative coalition.

Party leader Amina Haddad said she would begin coalition talks with two smaller parties on Tuesday. Prime Minister Olof Berg conceded defeat and congratulated his rival in a televised address to parliament.

Turnout reached 71 percent, the highest in two decades. Election observers reported isolated technical problems at polling stations but no irregularities that could have changed the result.
