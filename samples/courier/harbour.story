Westhaven harbour reopens after three-day storm
Ferries and cargo ships return to the port; one pier stays closed.
Maren Holt
2026-11-16T06:05:00Z

The harbour of Westhaven reopened on Monday morning after a storm that had closed it for three days, the port authority said. The first ferry left for the islands shortly after six with 240 passengers on board.

"We inspected every berth before we let a single ship in," harbour master Ingrid Solberg told reporters. "The northern pier needs new fenders and will stay closed until the end of the week."

Eleven cargo ships had waited outside the breakwater during the storm. The backlog will take two days to clear, according to the authority, which put the damage at 1.4 million euros.
