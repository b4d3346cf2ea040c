#include "budget.h"

#include "clock.h"
#include "limits.h"

#define USUAL_H (LIMIT_PRICE_MS / 3600000.0)
#define LEAST_H (USUAL_H / 100)
#define MOST_H  (USUAL_H * 10000)
#define TURN    2.0 /* most that one move does */

void budget_init(struct budget *b, uint64_t a_day)
{
    *b = (struct budget){.a_day = a_day, .price_h = USUAL_H};
}

static double asks_a_day(int64_t interval_us)
{
    return interval_us > 0 ? (double)USEC_PER_DAY / (double)interval_us : 0;
}

void budget_note(struct budget *b, int64_t before_us, int64_t now_us)
{
    b->sum += asks_a_day(now_us) - asks_a_day(before_us);
    if (b->sum < 0) /* what rounding leaves */
        b->sum = 0;
}

static double within(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

double budget_price(struct budget *b, int64_t now)
{
    if (!b->a_day || (b->moved && now < b->moved + BUDGET_STEP_US))
        return b->price_h;
    b->moved = now;
    double ratio = within(b->sum / (double)b->a_day, 1 / TURN, TURN);
    b->price_h = within(b->price_h * ratio, LEAST_H, MOST_H);
    return b->price_h;
}
