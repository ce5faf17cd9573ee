#include "explain/open_model.h"

#include "actogram/error.h"
#include "explain/local_model.h"
#include "llm/endpoint.h"

namespace actogram {

std::unique_ptr<ChatModel> open_model(const ModelAddress& address) {
  const bool is_endpoint = address.where.find("://") != std::string::npos;
  if (is_endpoint && address.model.empty()) {
    fail(Code::invalid, "{}: name the model that is asked there", address.where);
  }
  if (!is_endpoint && !address.model.empty()) {
    fail(Code::invalid, "{} is a file and goes by its own name, not {}; an endpoint is http://...",
         address.where, address.model);
  }
  if (!is_endpoint) {
    return std::make_unique<LocalModel>(
        LocalModelOptions{.path = address.where, .context = address.context});
  }
  return std::make_unique<Endpoint>(EndpointOptions{.url = address.where,
                                                    .model = address.model,
                                                    .key = address.key,
                                                    .timeout = address.timeout,
                                                    .n_attempts = address.n_attempts});
}

}  // namespace actogram
