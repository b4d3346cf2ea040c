Astronomers find water vapour on distant planet
The planet is twice as large as the Earth.

2026-11-17T11:05:00Z

GENEVA (AP) — Astronomers have found water vapour in the atmosphere of a planet 120 light years away, researchers reported on Thursday in a scientific journal.

The planet is twice as large as the Earth and orbits a small red star in 33 days. The measurements were made with a space telescope that observed eight passages of the planet in front of its star.

Whether there is liquid water on the surface remains open. "We have a good spectrum and a long list of questions," said physicist Yuki Tanabe, a member of the team.
