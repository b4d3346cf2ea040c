#include "child.h"

int main(int argc, char **argv)
{
    return child_main(argc, argv);
}
