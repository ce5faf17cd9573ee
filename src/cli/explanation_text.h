// An explanation on the terminal, with what it scored and what the baselines did.
#pragma once

#include "explain/explanation_list.h"

namespace actogram {

void print_explanation(const ListedExplanation& explanation);

}  // namespace actogram
