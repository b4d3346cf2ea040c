Teenager wins Moscow chess tournament
A 17-year-old beats the favourite in the last round.

2026-11-16T11:05:00Z

MOSCOW, November 15. /TASS/. A 17-year-old schoolgirl from Kazan won the international chess tournament in the Russian capital on Sunday after beating the top seed in 62 moves in the last round.

The organisers said she was the youngest winner in the history of the tournament, which was first held in 1964. The prize money amounts to 30,000 euros.

The tournament brought together 84 players from 19 countries. The closing ceremony will be held on Monday at the Central House of Chess Players.
