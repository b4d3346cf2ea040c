Hospital opens first ward for long-term effects of infections
Waiting list already holds 600 patients.
Jonas Friis
2026-11-18T13:05:00Z

The university hospital opened its first ward for patients with long-term effects of infections on Wednesday; 600 people are on the waiting list already.

Doctors from six departments work together there. Patients suffer from fatigue and problems of concentration, often for years. A registry is to show which treatments help.
