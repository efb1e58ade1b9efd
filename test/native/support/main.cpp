// The entry of every native test program; arguments select tests by parts of their names.
#include "support/test.h"

int main(int argc, char** argv) {
    return paligemma::test::test_main(argc, argv);
}
