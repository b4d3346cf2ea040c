Giant panda twins born at southwest China base
Mother and cubs are in good condition.

2026-11-15T11:05:00Z

CHENGDU, Nov. 17 (Xinhua) -- A giant panda gave birth to twins at a research base in southwest China's Sichuan Province on Tuesday, the base announced.

The cubs, a male and a female, weighed 148 grams and 161 grams at birth and are in good condition, said a keeper at the base. It is the mother's second pair of twins.

The number of giant pandas in the wild has risen to nearly 1,900, according to the latest survey, and the species is no longer listed as endangered.
