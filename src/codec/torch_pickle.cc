#include "codec/torch_pickle.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "actogram/error.h"
#include "codec/utf8.h"

namespace actogram {
namespace {

constexpr int kMaxDepth = 64;

enum class Callable : uint8_t { ordered_dict, rebuild_tensor, rebuild_parameter };

constexpr std::pair<std::string_view, Callable> kCallables[] = {
    {"collections OrderedDict", Callable::ordered_dict},
    {"torch._utils _rebuild_tensor_v2", Callable::rebuild_tensor},
    {"torch._utils _rebuild_parameter", Callable::rebuild_parameter}};

constexpr std::pair<std::string_view, Dtype> kStorages[] = {
    {"torch DoubleStorage", Dtype::f64}, {"torch FloatStorage", Dtype::f32},
    {"torch HalfStorage", Dtype::f16},   {"torch BFloat16Storage", Dtype::bf16},
    {"torch LongStorage", Dtype::i64},   {"torch IntStorage", Dtype::i32},
    {"torch ShortStorage", Dtype::i16},  {"torch CharStorage", Dtype::i8},
    {"torch ByteStorage", Dtype::u8},    {"torch BoolStorage", Dtype::boolean}};

struct StorageType {
  Dtype dtype;
};
struct Storage {
  Dtype dtype = Dtype::f32;
  uint64_t n_elements = 0;
  std::string key;
};

// What the machine computes with. Nodes live as long as the machine, so a pickle whose list holds
// itself is nothing to free.
struct Node {
  struct None {};
  struct Mark {};
  struct Sequence {
    std::vector<Node*> items;
  };
  struct Dict {
    std::vector<std::pair<Node*, Node*>> items;
  };
  std::variant<None, Mark, Scalar, Sequence, Dict, Callable, StorageType, Storage, Tensor> value;
};

template <typename T>
T* as(Node* node) {
  return std::get_if<T>(&node->value);
}

class Machine {
 public:
  Machine(std::span<const std::byte> program, const FindStorage& find_storage,
          const std::string& what)
      : program_(program), find_storage_(find_storage), what_(what) {}

  Node* run() {
    while (at_ < program_.size()) {
      instruction_at_ = at_;
      const auto code = static_cast<unsigned char>(program_[at_++]);
      if (code == '.') return pop();
      if (!push_constant(code) && !change_stack(code) && !build(code)) fail_code(code);
    }
    fail_here("it ends without a result");
  }

 private:
  bool push_constant(unsigned char code) {
    switch (code) {
      case 'N':  // NONE
        push(Node::None{});
        return true;
      case 0x88:  // NEWTRUE
      case 0x89:  // NEWFALSE
        push(Scalar{code == 0x88});
        return true;
      case 'J':  // BININT
        push(Scalar{int64_t{take<int32_t>()}});
        return true;
      case 'K':  // BININT1
        push(Scalar{int64_t{take<uint8_t>()}});
        return true;
      case 'M':  // BININT2
        push(Scalar{int64_t{take<uint16_t>()}});
        return true;
      case 0x8a:  // LONG1
        push(Scalar{take_long(take<uint8_t>())});
        return true;
      case 'G':  // BINFLOAT, the one number that is big-endian
        push(Scalar{take_double()});
        return true;
      case 'X':  // BINUNICODE
      case 'T':  // BINSTRING
        push(Scalar{take_text(take<uint32_t>())});
        return true;
      case 0x8c:  // SHORT_BINUNICODE
      case 'U':   // SHORT_BINSTRING
        push(Scalar{take_text(take<uint8_t>())});
        return true;
      case 0x8d:  // BINUNICODE8
        push(Scalar{take_text(take<uint64_t>())});
        return true;
      default:
        return false;
    }
  }

  bool change_stack(unsigned char code) {
    switch (code) {
      case 0x80:  // PROTO
        take<uint8_t>();
        return true;
      case 0x95:  // FRAME
        take<uint64_t>();
        return true;
      case '(':  // MARK
        push(Node::Mark{});
        return true;
      case '0':  // POP
        pop_any();
        return true;
      case '1':  // POP_MARK
        pop_to_mark();
        return true;
      case 'q':  // BINPUT
        put(take<uint8_t>());
        return true;
      case 'r':  // LONG_BINPUT
        put(take<uint32_t>());
        return true;
      case 0x94:  // MEMOIZE
        put(memo_.size());
        return true;
      case 'h':  // BINGET
        get(take<uint8_t>());
        return true;
      case 'j':  // LONG_BINGET
        get(take<uint32_t>());
        return true;
      default:
        return false;
    }
  }

  bool build(unsigned char code) {
    switch (code) {
      case '}':  // EMPTY_DICT
        push(Node::Dict{});
        return true;
      case ']':   // EMPTY_LIST
      case ')':   // EMPTY_TUPLE
      case 0x8f:  // EMPTY_SET
        push(Node::Sequence{});
        return true;
      case 't':  // TUPLE
        push(Node::Sequence{pop_to_mark()});
        return true;
      case 0x85:  // TUPLE1
      case 0x86:  // TUPLE2
      case 0x87:  // TUPLE3
        push(Node::Sequence{pop_last(code - 0x84)});
        return true;
      case 'a':  // APPEND
        append(pop_last(1));
        return true;
      case 'e':   // APPENDS
      case 0x90:  // ADDITEMS
        append(pop_to_mark());
        return true;
      case 's':  // SETITEM
        set_items(pop_last(2));
        return true;
      case 'u':  // SETITEMS
        set_items(pop_to_mark());
        return true;
      case 'c':  // GLOBAL
      {
        const std::string module = take_line();
        push_global(module, take_line());
        return true;
      }
      case 0x93:  // STACK_GLOBAL
      {
        const auto names = pop_last(2);
        push_global(text(names[0]), text(names[1]));
        return true;
      }
      case 'Q':  // BINPERSID
        push_storage();
        return true;
      case 'R':  // REDUCE
        call();
        return true;
      case 'b':  // BUILD: attributes, such as a state dict's _metadata
        pop();
        if (as<Node::Dict>(top()) == nullptr) fail_here("it gives attributes to what has none");
        return true;
      default:
        return false;
    }
  }

  void push_global(const std::string& module, const std::string& name) {
    const std::string whole = module + " " + name;
    for (const auto& [known, callable] : kCallables) {
      if (known == whole) return push(callable);
    }
    for (const auto& [known, dtype] : kStorages) {
      if (known == whole) return push(StorageType{dtype});
    }
    fail(Code::unsupported,
         "{}: it asks for {}.{}, and a state dict needs nothing but tensors; nothing was run. If "
         "you trust the file, load it in Python and save its state_dict()",
         what_, printable(module), printable(name));
  }

  void push_storage() {
    const auto* id = as<Node::Sequence>(pop());
    const auto* type =
        id != nullptr && id->items.size() == 5 ? as<StorageType>(id->items[1]) : nullptr;
    if (type == nullptr || text(id->items[0]) != "storage") fail_here("a storage is expected");
    push(Storage{type->dtype, number(id->items[4]), text(id->items[2])});
  }

  void call() {
    const auto* arguments = as<Node::Sequence>(pop());
    const auto* callable = as<Callable>(pop());
    if (callable == nullptr || arguments == nullptr) fail_here("it calls what is no function");
    switch (*callable) {
      case Callable::ordered_dict:
        if (!arguments->items.empty()) fail_here("OrderedDict is called with arguments");
        return push(Node::Dict{});
      case Callable::rebuild_tensor:
        return push(rebuild_tensor(arguments->items));
      case Callable::rebuild_parameter:
        if (arguments->items.empty() || as<Tensor>(arguments->items[0]) == nullptr) {
          fail_here("a parameter is not made of a tensor");
        }
        return push(arguments->items[0]);
    }
  }

  // (storage, offset, shape, strides, requires_grad, hooks, ...)
  Tensor rebuild_tensor(const std::vector<Node*>& arguments) {
    const auto* storage = arguments.size() >= 4 ? as<Storage>(arguments[0]) : nullptr;
    if (storage == nullptr) fail_here("a tensor is not made of a storage");
    const std::string where = what_ + ": storage " + printable(storage->key);
    TensorBytes content = find_storage_(storage->key);
    if (content.bytes.size() / size_of(storage->dtype) < storage->n_elements) {
      fail(Code::corrupt, "{}: {} bytes for {} {}", where, content.bytes.size(),
           storage->n_elements, name_of(storage->dtype));
    }
    content.bytes = content.bytes.first(storage->n_elements * size_of(storage->dtype));
    return make_tensor(storage->dtype, numbers(arguments[2]), numbers(arguments[3]),
                       number(arguments[1]), std::move(content), where);
  }

  template <typename T>
  T take() {
    T number;
    std::memcpy(&number, take_bytes(sizeof(T)).data(), sizeof(T));
    return number;
  }

  std::span<const std::byte> take_bytes(uint64_t n) {
    if (n > program_.size() - at_) fail_here("it breaks off");
    at_ += n;
    return program_.subspan(at_ - n, n);
  }

  std::string take_text(uint64_t n) {
    const auto bytes = take_bytes(n);
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::string take_line() {
    const auto rest = program_.subspan(at_);
    const auto end = std::ranges::find(rest, std::byte{'\n'});
    if (end == rest.end()) fail_here("it breaks off");
    std::string line = take_text(static_cast<uint64_t>(end - rest.begin()));
    ++at_;
    return line;
  }

  double take_double() {
    const auto bytes = take_bytes(sizeof(double));
    std::byte reversed[sizeof(double)];
    std::ranges::reverse_copy(bytes, reversed);
    double number;
    std::memcpy(&number, reversed, sizeof(number));
    return number;
  }

  // Two's complement, little-endian, as many bytes as it needs.
  int64_t take_long(uint8_t n) {
    const auto bytes = take_bytes(n);
    if (n > sizeof(int64_t)) fail_here("a number has more than 64 bits");
    uint64_t bits = n > 0 && (bytes[n - 1] & std::byte{0x80}) != std::byte{} ? ~uint64_t{0} : 0;
    std::memcpy(&bits, bytes.data(), n);
    return static_cast<int64_t>(bits);
  }

  template <typename T>
  void push(T value) {
    stack_.push_back(&nodes_.emplace_back(Node{std::move(value)}));
  }
  void push(Node* node) { stack_.push_back(node); }

  Node* pop_any() {
    if (stack_.empty()) fail_here("it takes what is not there");
    Node* node = stack_.back();
    stack_.pop_back();
    return node;
  }
  Node* pop() {
    Node* node = pop_any();
    if (as<Node::Mark>(node) != nullptr) fail_here("it takes what is not there");
    return node;
  }
  Node* top() {
    Node* node = pop();
    stack_.push_back(node);
    return node;
  }
  std::vector<Node*> pop_last(size_t n) {
    std::vector<Node*> items(n);
    while (n-- > 0) items[n] = pop();
    return items;
  }
  std::vector<Node*> pop_to_mark() {
    const auto mark = std::find_if(stack_.rbegin(), stack_.rend(),
                                   [](Node* node) { return as<Node::Mark>(node) != nullptr; });
    if (mark == stack_.rend()) fail_here("it takes what is not there");
    std::vector<Node*> items(mark.base(), stack_.end());
    stack_.erase(mark.base() - 1, stack_.end());
    return items;
  }

  void put(uint64_t slot) { memo_[slot] = top(); }
  void get(uint64_t slot) {
    const auto found = memo_.find(slot);
    if (found == memo_.end()) fail_here("it remembers what it never saw");
    push(found->second);
  }

  void append(const std::vector<Node*>& items) {
    auto* list = as<Node::Sequence>(top());
    if (list == nullptr) fail_here("it appends to what is no list");
    list->items.insert(list->items.end(), items.begin(), items.end());
  }

  void set_items(const std::vector<Node*>& items) {
    auto* dict = as<Node::Dict>(top());
    if (dict == nullptr || items.size() % 2 != 0) fail_here("it adds to what is no dictionary");
    for (size_t i = 0; i < items.size(); i += 2) dict->items.emplace_back(items[i], items[i + 1]);
  }

  const std::string& text(Node* node) {
    const auto* scalar = as<Scalar>(node);
    const auto* found = scalar != nullptr ? std::get_if<std::string>(scalar) : nullptr;
    if (found == nullptr) fail_here("a string is expected");
    return *found;
  }
  uint64_t number(Node* node) {
    const auto* scalar = as<Scalar>(node);
    const auto* found = scalar != nullptr ? std::get_if<int64_t>(scalar) : nullptr;
    if (found == nullptr || *found < 0) fail_here("a number from 0 up is expected");
    return static_cast<uint64_t>(*found);
  }
  std::vector<uint64_t> numbers(Node* node) {
    const auto* list = as<Node::Sequence>(node);
    if (list == nullptr) fail_here("a list of numbers is expected");
    std::vector<uint64_t> found;
    for (Node* item : list->items) found.push_back(number(item));
    return found;
  }

  [[noreturn]] void fail_here(std::string_view why) const {
    fail(Code::corrupt, "{}: its pickle is damaged at byte {} of {}: {}", what_, instruction_at_,
         program_.size(), why);
  }
  [[noreturn]] void fail_code(unsigned char code) const {
    fail(Code::unsupported,
         "{}: its pickle has the instruction 0x{:02x} at byte {}, which no state dict of tensors "
         "needs; nothing was run. If you trust the file, load it in Python and save its "
         "state_dict()",
         what_, code, instruction_at_);
  }

  std::span<const std::byte> program_;
  const FindStorage& find_storage_;
  const std::string& what_;
  size_t at_ = 0;
  size_t instruction_at_ = 0;
  std::deque<Node> nodes_;  // addresses stay
  std::vector<Node*> stack_;
  std::map<uint64_t, Node*> memo_;
};

// Turns nested dictionaries into names with dots.
class Flattener {
 public:
  explicit Flattener(const std::string& what) : what_(what) {}

  void add(const Node::Dict& dict, const std::string& prefix, int depth) {
    if (depth > kMaxDepth) {
      fail(Code::corrupt, "{}: dictionaries nest deeper than {} levels", what_, kMaxDepth);
    }
    for (const auto& [key, value] : dict.items) {
      if (++n_names_ > kMaxNames) fail(Code::corrupt, "{}: more than {} names", what_, kMaxNames);
      const auto name = key_text(key);
      if (name) add_value(prefix + *name, value, depth);
    }
  }

  StateDict take() { return std::move(found_); }

 private:
  static std::optional<std::string> key_text(Node* key) {
    const auto* scalar = as<Scalar>(key);
    if (scalar == nullptr) return std::nullopt;
    if (const auto* text = std::get_if<std::string>(scalar)) return *text;
    if (const auto* number = std::get_if<int64_t>(scalar)) return std::to_string(*number);
    return std::nullopt;
  }

  void add_value(const std::string& name, Node* value, int depth) {
    if (const auto* tensor = as<Tensor>(value)) found_.tensors.insert_or_assign(name, *tensor);
    if (const auto* scalar = as<Scalar>(value)) found_.scalars.insert_or_assign(name, *scalar);
    if (const auto* dict = as<Node::Dict>(value)) add(*dict, name + ".", depth + 1);
  }

  const std::string& what_;
  size_t n_names_ = 0;
  StateDict found_;
};

}  // namespace

StateDict read_torch_pickle(std::span<const std::byte> pickle, const FindStorage& find_storage,
                            const std::string& what) {
  Machine machine(pickle, find_storage, what);
  const auto* dict = as<Node::Dict>(machine.run());
  if (dict == nullptr) {
    fail(Code::corrupt, "{}: holds no dictionary; save a module's state_dict()", what);
  }
  Flattener flattener(what);
  flattener.add(*dict, "", 1);
  return flattener.take();
}

}  // namespace actogram
