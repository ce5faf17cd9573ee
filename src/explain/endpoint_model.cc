#include "explain/endpoint_model.h"

#include "llm/endpoint.h"

namespace actogram {

std::unique_ptr<ChatModel> open_endpoint(const EndpointAddress& address) {
  return std::make_unique<Endpoint>(EndpointOptions{.url = address.url,
                                                    .model = address.model,
                                                    .key = address.key,
                                                    .timeout = address.timeout,
                                                    .n_attempts = address.n_attempts});
}

}  // namespace actogram
