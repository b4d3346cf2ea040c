Country plants record number of trees on degraded land
Volunteers and farmers took part in the campaign.

2026-11-20T11:05:00Z

More than nine million trees were planted on degraded land this autumn, a record for the programme that began six years ago, the environment ministry said on Monday.

Farmers are paid for every tree that is still alive after two years. Ecologists welcomed the result but called for more native species, because plantations of a single species are vulnerable to drought and beetles.

The forest area has grown by four percent since 2019. Emissions from land use fell by eleven percent over the same period, according to the ministry's climate report.
