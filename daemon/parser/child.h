/*
 * A parser child's whole life: dateline-parser. Reads documents from the socket that is its stdin,
 * answers with frames (frame.h), and has nothing else.
 */
#ifndef DATELINE_CHILD_H
#define DATELINE_CHILD_H

/* Exit statuses that mean something to the parent. */
#define CHILD_OUT_OF_MEMORY 71 /* EX_OSERR */
#define CHILD_ABORTED       70 /* EX_SOFTWARE: an assertion failed */

int child_main(int argc, char **argv);

#endif
