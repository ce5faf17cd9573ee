// Reads numbered items ahead of those who use them, on threads of its own, which wait for a disk
// most of the time. Memory is bounded: there are `n_slots` items at most, those in use included,
// and an item's slot, with the memory that it has, serves the item `n_slots` later.
//
// For the items of a ThreadPool::parallel_for, which are taken in ascending order: whoever waits
// for an item waits for a reader, and the reader for a slot that another thread has in use. That
// goes well with at least as many slots as there are threads.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace actogram {

template <typename Item>
class ReadAhead {
 public:
  // `read` is called once for each item in [0, n_items), by several threads at once.
  using Read = std::function<void(size_t item, Item& into)>;

  ReadAhead(size_t n_items, size_t n_readers, size_t n_slots, Read read)
      : n_items_(n_items), read_(std::move(read)), slots_(n_slots) {
    for (size_t i = 0; i < n_readers; ++i) readers_.emplace_back([this] { read_items(); });
  }
  ~ReadAhead() {
    {
      const std::lock_guard lock(mutex_);
      next_ = n_items_;
    }
    changed_.notify_all();
    for (std::thread& reader : readers_) reader.join();
  }
  ReadAhead(const ReadAhead&) = delete;
  ReadAhead& operator=(const ReadAhead&) = delete;

  // An item in use; its slot is free when this goes.
  class Taken {
   public:
    Taken(ReadAhead& from, size_t item) : from_(from), item_(item) {}
    ~Taken() { from_.give_back(item_); }
    Taken(const Taken&) = delete;
    Taken& operator=(const Taken&) = delete;

    const Item& operator*() const { return from_.slot_of(item_).item; }

   private:
    ReadAhead& from_;
    size_t item_;
  };

  // Waits until the item is there; throws what reading it has thrown. Each item is taken once.
  Taken take(size_t item) {
    std::unique_lock lock(mutex_);
    Slot& slot = slot_of(item);
    changed_.wait(lock, [&] { return slot.state == State::read && slot.number == item; });
    if (!slot.error) return {*this, item};
    const std::exception_ptr error = std::exchange(slot.error, nullptr);
    slot.state = State::free;  // or those who take later items would wait for it
    changed_.notify_all();
    std::rethrow_exception(error);
  }

 private:
  enum class State : uint8_t { free, reading, read };
  struct Slot {
    State state = State::free;
    size_t number = 0;
    Item item = {};
    std::exception_ptr error;
  };

  Slot& slot_of(size_t item) { return slots_[item % slots_.size()]; }

  void give_back(size_t item) {
    const std::lock_guard lock(mutex_);
    slot_of(item).state = State::free;
    changed_.notify_all();
  }

  void read_items() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [&] { return next_ == n_items_ || slot_of(next_).state == State::free; });
      if (next_ == n_items_) return;
      Slot& slot = slot_of(next_);
      slot.state = State::reading;
      slot.number = next_++;
      lock.unlock();
      std::exception_ptr error;
      try {
        read_(slot.number, slot.item);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      slot.error = error;
      slot.state = State::read;
      changed_.notify_all();
    }
  }

  const size_t n_items_;
  const Read read_;
  std::mutex mutex_;  // guards what follows, but for an item that is being read or in use
  std::condition_variable changed_;
  std::vector<Slot> slots_;  // [item % n_slots]
  size_t next_ = 0;          // to be read
  std::vector<std::thread> readers_;
};

}  // namespace actogram
