/*
 * Makes the libraries do what they put off until first use: open converters and a random source,
 * ask for the size of memory. Behind the jail's door each of these is a forbidden system call.
 */
#ifndef DATELINE_WARM_H
#define DATELINE_WARM_H

void warm_up(void);

#endif
