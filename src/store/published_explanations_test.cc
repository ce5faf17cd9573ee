#include "store/published_explanations.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "actogram/error.h"
#include "base/file.h"
#include "base/temporary_folder_test.h"
#include "store/manifest.h"

namespace actogram {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class PublishedExplanationsTest : public ::testing::Test {
 protected:
  // Two sites of ten units, and these tables beside a manifest that names them.
  PublishedExplanations published(StoredFiles files, Json options = Json::object()) const {
    Manifest manifest;
    manifest.holds = Holds::records;
    manifest.sites = {{"blocks.3.mlp.hook_post", 3, 10}, {"blocks.4.mlp.hook_post", 4, 10}};
    manifest.options = std::move(options);
    manifest.provenance["imported"]["format"] = "made-up";
    manifest.files = std::move(files);
    write_file_atomically(folder_ + "/" + kManifestFile, to_text(manifest));
    return PublishedExplanations(folder_);
  }

  StoredFiles scored(const std::vector<std::pair<uint64_t, ScoredExplanation>>& rows) const {
    ScoredExplanationWriter writer(folder_, {});
    for (const auto& [unit, row] : rows) writer.add(unit, row);
    StoredFiles files;
    writer.finish(files);
    return files;
  }
  StoredFiles labelled(const std::vector<Explanation>& rows) const {
    ExplanationWriter writer(folder_);
    for (const Explanation& row : rows) writer.add(row);
    StoredFiles files;
    writer.finish(files);
    return files;
  }

  testing::TemporaryFolder temporary_;
  const std::string folder_ = temporary_.path();
};

std::vector<std::string> texts_of(const std::vector<PublishedExplanation>& found) {
  std::vector<std::string> texts;
  for (const PublishedExplanation& e : found) texts.emplace_back(e.text);
  return texts;
}

TEST_F(PublishedExplanationsTest, OfRecordsComeByScore) {
  const double none = std::nan("");
  const auto all = published(scored({{0, {"rain", none, "{}"}},
                                     {0, {"Rain, low", 0.1, "{}"}},
                                     {7, {"snow", 0.9, "{}"}},
                                     {12, {"rain high", 0.8, "{}"}},
                                     {19, {"RAIN the same", 0.1, "{}"}}}));
  EXPECT_EQ(all.source(), "made-up");
  EXPECT_TRUE(all.has_any());
  EXPECT_EQ(all.all().size(), 5u);
  const auto found = all.search("rain");
  EXPECT_THAT(texts_of(found), ElementsAre("rain high", "Rain, low", "RAIN the same", "rain"));
  EXPECT_EQ(all.address_of(found[0]), (UnitAddress{"blocks.4.mlp.hook_post", 2}));
  EXPECT_EQ(found[0].score, 0.8);
  EXPECT_THAT(texts_of(all.of_unit({"blocks.3.mlp.hook_post", 0})),
              ElementsAre("rain", "Rain, low"));
  EXPECT_THAT(all.of_unit({"blocks.4.mlp.hook_post", 7}), IsEmpty());
  EXPECT_THAT(all.search("sun"), IsEmpty());
  EXPECT_THROW(all.search(" "), Error);
  EXPECT_THROW(all.address_of({.unit = 20, .text = "rain"}), Error);
}

TEST_F(PublishedExplanationsTest, OfLatentsAreOfTheLayerOfThePrompts) {
  const std::vector<Explanation> rows = {{.unit = 2, .explanation = "it rains"},
                                         {.unit = 1, .explanation = "sun", .concept_label = "rain"},
                                         {.unit = 1},
                                         {.unit = 1, .concept_label = "snow"}};
  for (const auto& [options, site] : {std::pair(Json::object(), "blocks.3.mlp.hook_post"),
                                      {Json{{"prompts_layer", 4}}, "blocks.4.mlp.hook_post"}}) {
    const auto all = published(labelled(rows), options);
    EXPECT_EQ(all.all().size(), 3u) << "one is without words";
    EXPECT_THAT(texts_of(all.of_unit({site, 1})), ElementsAre("sun", ""));
    const auto found = all.search("rain");
    EXPECT_THAT(texts_of(found), ElementsAre("sun"));
    EXPECT_EQ(all.address_of(found[0]), (UnitAddress{site, 1}));
    EXPECT_TRUE(std::isnan(found[0].score));
  }
}

TEST_F(PublishedExplanationsTest, ThereMayBeNone) {
  const auto none = published({});
  EXPECT_FALSE(none.has_any());
  EXPECT_THAT(none.search("rain"), IsEmpty());
  EXPECT_THAT(none.of_unit({"blocks.3.mlp.hook_post", 0}), IsEmpty());
}

}  // namespace
}  // namespace actogram
