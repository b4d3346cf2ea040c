Weather satellite reaches orbit after night launch
The instrument will measure winds over the oceans.

2026-11-19T11:05:00Z

A weather satellite that will measure winds over the oceans reached its orbit on Wednesday, two hours after a night launch, the space agency said.

Scientists expect the first data in six weeks. The laser instrument on board sends pulses into the atmosphere and reads the speed of the wind from the light that comes back, a technique that was first tried in space in 2018.

The mission is planned for five years and costs 410 million euros. Forecasters hope that it will improve the prediction of storms in regions where there are no weather stations.
