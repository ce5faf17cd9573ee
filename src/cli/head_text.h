// An attention head on the terminal: how its pattern lies, and excerpts as triangles.
#pragma once

#include "cli/heat_map.h"
#include "query/head_view.h"

namespace actogram {

void print_head(const HeadView& view);

// A line a token: its row of the triangle, a column a key and shaded by value, then the token, then
// its strongest keys with their values. Without colour, marks of rising weight instead of shades.
void print_triangle(const Excerpt& excerpt, const HeatMap& heat_map);

}  // namespace actogram
