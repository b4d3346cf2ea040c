Court jails former official for eleven years over bribes
Judges find he took 2.3 million euros for building permits.
Maren Holt
2026-11-18T08:05:00Z

A court sentenced a former city official to eleven years in prison on Thursday for taking bribes worth 2.3 million euros in exchange for building permits.

Prosecutors had asked for fourteen years. The judges found that the man had used the accounts of relatives to hide the money between 2017 and 2022. Two businessmen received suspended sentences.

His lawyer said he would appeal. Police seized three flats and a boat during the investigation, which began after a complaint by a competitor.
