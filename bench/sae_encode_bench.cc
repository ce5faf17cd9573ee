// sae_encode_bench: how much of the machine's own product rate is left when an SAE encodes?
//
//   sae_encode_bench [--latents 65536] [--width 4096] [--rows 1024] [--kind relu|top_k]
//                    [--active 64] [--threads N] [--rounds 5]
//
// Rounds of two runs over the same random rows and weights, in turn:
//   sgemm    one product of OpenBLAS on all threads, with the dense matrix as its result
//   encode   SaeEncoder, to the last event
// Printed: GFLOP/s of each (both counted as 2 * rows * latents * width), and their ratio round by
// round. Some rows are checked against the definition in double before a time counts.
#include <cblas.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstring>
#include <map>

#include "actogram/error.h"
#include "base/hash.h"
#include "base/memory.h"
#include "bench/measure.h"
#include "sae/encoder.h"

namespace actogram {
namespace {

struct Options {
  uint32_t latents = 65536;
  uint32_t width = 4096;
  uint32_t rows = 1024;
  uint32_t active = 64;
  uint32_t threads = std::max(1u, std::thread::hardware_concurrency());
  int rounds = 5;
  std::string kind = "relu";
};

// Sums of four uniform numbers: near enough to a Gaussian of variance 1, and the same everywhere.
void fill(std::span<float> numbers, uint64_t seed, float scale) {
  for (size_t i = 0; i < numbers.size(); ++i) {
    const uint64_t bits = mix64(seed + i);
    float sum = -2;
    for (int part = 0; part < 4; ++part) {
      sum += static_cast<float>(bits >> (16 * part) & 0xffff) / 65536;
    }
    numbers[i] = sum * std::sqrt(3.0F) * scale;
  }
}

Sae make_sae(const Options& o) {
  const size_t n = size_t{o.latents} * o.width;
  auto bytes = std::make_shared<std::vector<std::byte>>(n * sizeof(float));
  fill({reinterpret_cast<float*>(bytes->data()), n}, 1, 1 / std::sqrt(static_cast<float>(o.width)));
  Sae sae;
  sae.path = "random weights";
  sae.kind = o.kind == "top_k" ? SaeKind::top_k : SaeKind::relu;
  sae.n_latents = o.latents;
  sae.d_in = sae.d_out = o.width;
  sae.k = o.active;
  sae.w_enc = make_tensor(Dtype::f32, {o.latents, o.width}, {o.width, 1}, 0, {*bytes, bytes}, "");
  // A latent before its bias is about Gaussian: so low a bias leaves about `active` of them.
  const double share = static_cast<double>(o.active) / o.latents;
  double low = 0, high = 10;
  while (high - low > 1e-6) {
    const double middle = (low + high) / 2;
    (std::erfc(middle / std::sqrt(2.0)) / 2 > share ? low : high) = middle;
  }
  sae.b_enc.assign(o.latents, sae.kind == SaeKind::top_k ? 0 : -static_cast<float>(low));
  return sae;
}

// The definition, of one row. Returns how many latents are on.
size_t check_row(const Sae& sae, const float* x, const std::map<uint32_t, float>& found) {
  const auto* w = reinterpret_cast<const float*>(sae.w_enc.content.bytes.data());
  std::vector<double> latents(sae.n_latents);
  for (size_t l = 0; l < latents.size(); ++l) {
    double a = sae.b_enc[l];
    for (size_t i = 0; i < sae.d_in; ++i) a += double{x[i]} * double{w[l * sae.d_in + i]};
    latents[l] = std::max(a, 0.0);
  }
  double bar = 0;
  if (sae.kind == SaeKind::top_k) {
    std::vector<double> sorted = latents;
    std::ranges::nth_element(sorted, sorted.begin() + sae.k - 1, std::greater<>());
    bar = sorted[sae.k - 1];
  }
  constexpr double kRounding = 2e-5;
  for (uint32_t l = 0; l < latents.size(); ++l) {
    const auto event = found.find(l);
    const double value = event == found.end() ? 0 : event->second;
    const double expected = latents[l] >= bar ? latents[l] : 0;
    const bool at_bar = std::abs(latents[l] - bar) < kRounding;  // may fall to either side
    if (std::abs(value - expected) > kRounding && !at_bar) {
      fail(Code::corrupt, "latent {} is {}, expected {}", l, value, expected);
    }
  }
  return found.size();
}

void check_some(const Sae& sae, std::span<const float> rows, size_t n_rows,
                const std::vector<LatentEvent>& events) {
  for (const size_t row : {size_t{0}, n_rows / 2, n_rows - 1}) {
    std::map<uint32_t, float> found;
    for (const LatentEvent& event : events) {
      if (event.row == row) found.emplace(event.latent, event.value);
    }
    const size_t n = check_row(sae, rows.data() + row * sae.d_in, found);
    std::fprintf(stderr, "  row %zu: %zu latents, as by definition\n", row, n);
  }
}

double plain_seconds(const Options& o, const Sae& sae, std::span<const float> rows,
                     std::span<float> out) {
  const auto m = static_cast<blasint>(o.rows), n = static_cast<blasint>(o.latents),
             k = static_cast<blasint>(o.width);
  const auto* w = reinterpret_cast<const float*>(sae.w_enc.content.bytes.data());
  scipy_openblas_set_num_threads(static_cast<int>(o.threads));
  const double seconds = seconds_of([&] {
    scipy_cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, m, n, k, 1, rows.data(), k, w, k, 0,
                      out.data(), n);
  });
  scipy_openblas_set_num_threads(1);  // as SaeEncoder needs it
  return seconds;
}

void bench(const Options& o) {
  const Sae sae = make_sae(o);
  std::vector<float> rows(size_t{o.rows} * o.width);
  fill(rows, uint64_t{1} << 40, 1);
  HugeBuffer dense(size_t{o.rows} * o.latents * sizeof(float));
  SaeEncoder encoder(sae, o.threads);
  std::vector<LatentEvent> events;
  const auto keep = [&](const EncodedRows& some) {
    events.insert(events.end(), some.events.begin(), some.events.end());
  };
  encoder.encode(rows.data(), o.rows, o.width, keep);
  check_some(sae, rows, o.rows, events);
  plain_seconds(o, sae, rows, dense.floats());  // its pages come now
  const double gflop = 2e-9 * o.rows * o.latents * o.width;
  std::vector<double> ratios;
  std::printf("%10s %10s %8s\n", "sgemm", "encode", "ratio");
  for (int round = 0; round < o.rounds; ++round) {
    const double plain = plain_seconds(o, sae, rows, dense.floats());
    events.clear();
    const double encode = seconds_of([&] { encoder.encode(rows.data(), o.rows, o.width, keep); });
    ratios.push_back(plain / encode);
    std::printf("%10.1f %10.1f %7.1f%%  GFLOP/s\n", gflop / plain, gflop / encode,
                100 * ratios.back());
    std::fflush(stdout);
  }
  std::printf("median ratio %.1f %%, %.1f latents a row\n", 100 * median(ratios),
              static_cast<double>(events.size()) / o.rows);
}

int run(int argc, char** argv) {
  Options o;
  CLI::App app("What encoding leaves of the machine's product rate");
  app.add_option("--latents", o.latents)->capture_default_str()->check(CLI::Range(1u, 1u << 24));
  app.add_option("--width", o.width)->capture_default_str()->check(CLI::Range(1u, 1u << 20));
  app.add_option("--rows", o.rows)->capture_default_str()->check(CLI::Range(1u, 1u << 20));
  app.add_option("--active", o.active, "latents of a row that are on")->capture_default_str();
  app.add_option("--kind", o.kind)->capture_default_str()->check(CLI::IsMember({"relu", "top_k"}));
  app.add_option("--threads", o.threads)->capture_default_str();
  app.add_option("--rounds", o.rounds)->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  print_machine(argc, argv);
  bench(o);
  return 0;
}

}  // namespace
}  // namespace actogram

int main(int argc, char** argv) {
  try {
    return actogram::run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sae_encode_bench: %s\n", error.what());
    return 1;
  }
}
