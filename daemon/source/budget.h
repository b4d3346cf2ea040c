/*
 * The price of a request, so that all sources on auto together keep to a budget of asks a day.
 *
 * Each source says how many asks a day its present interval makes; the sum against the budget moves
 * the price, at most once a BUDGET_STEP_US, and every source plans by the new one when it is asked
 * next. As intervals grow with the square root of the price (rhythm.h), moving it by the ratio
 * settles within some hours and does not swing. What publishers or the operator fix cannot be bent:
 * a budget below that is passed, and the price stays at its upper end.
 */
#ifndef DATELINE_BUDGET_H
#define DATELINE_BUDGET_H

#include <stdint.h>

#define BUDGET_STEP_US (15LL * 60 * 1000000)

struct budget {
    uint64_t a_day; /* asks; 0: no budget, the price stays at LIMIT_PRICE_MS */
    double sum;     /* asks a day as planned now */
    double price_h; /* in hours that one item waits */
    int64_t moved;  /* monotonic, 0 never */
};

void budget_init(struct budget *budget, uint64_t a_day);
/* A source's interval was before_us and is now_us; 0: none (new, fixed by the operator, or gone). */
void budget_note(struct budget *budget, int64_t before_us, int64_t now_us);
/* The price at `now` (monotonic), moved first when it is time. */
double budget_price(struct budget *budget, int64_t now);

#endif
