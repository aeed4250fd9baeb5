//===- MessengerTest.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What a process's messenger does where memory runs out, on a port that keeps
// what is sent.
//
//===----------------------------------------------------------------------===//

#include "../transport/MessageTransport.h"

#include <gtest/gtest.h>

#include <new>

using namespace commuter::rt;

namespace {

struct Sent {
  std::vector<std::string> messages;
  Status error; // what sends fail with
};

/// The end of rank 0 of two.
class TestPort final : public Port {
public:
  explicit TestPort(Sent &sent) : sent(sent) {}

  int32_t rank() const override { return 0; }
  int32_t size() const override { return 2; }
  int32_t maxTag() const override { return 100; }
  int64_t maxBytes() const override { return 1 << 20; }
  Status send(int32_t, int32_t, const void *data, int64_t bytes,
              PortRequest &) override {
    sent.messages.emplace_back(static_cast<const char *>(data), bytes);
    return sent.error;
  }
  Status receive(int32_t, int32_t, void *, int64_t, PortRequest &) override {
    return {};
  }
  Status test(PortRequest &, bool &isDone) override {
    isDone = true;
    return {};
  }
  void cancel(PortRequest &, bool) override {}
  Status probe(int32_t, bool &isThere, int32_t &, int64_t &) override {
    isThere = false;
    return {};
  }
  Status finalize() override { return {}; }

private:
  Sent &sent;
};

class TestCarrier : public Carrier {
public:
  Status attach(Device &) override { return {}; }
  Status exchange(const Running &, const std::vector<Transfer> &) override {
    return {};
  }
};

class CarrierOutOfMemory final : public TestCarrier {
public:
  void abort() override { throw std::bad_alloc(); }
};

/// The number of the world that a message is for.
uint32_t worldOf(const std::string &message) {
  Reader reader(message);
  (void)reader.number<Kind>();
  return reader.number<uint32_t>();
}

TEST(MessengerTest, AWorldThatDoesNotComeAboutHasNoNumber) {
  Sent sent;
  Messenger messenger(std::make_unique<TestPort>(sent));
  EXPECT_THROW((void)messenger.createWorld(
                   1000,
                   [](MessageTransport &) -> std::unique_ptr<Carrier> {
                     throw std::bad_alloc();
                   }),
               std::bad_alloc);
  auto world = messenger.createWorld(
      1000, [](MessageTransport &) { return std::make_unique<TestCarrier>(); });
  world->leave(0);
  ASSERT_EQ(sent.messages.size(), 1u);
  EXPECT_EQ(worldOf(sent.messages[0]), 0u);
}

/// A hang is what it would be otherwise.
TEST(MessengerTest, AWorldIsGivenUpWithoutTheMutex) {
  Sent sent;
  Messenger messenger(std::make_unique<TestPort>(sent));
  auto makeCarrier = [](MessageTransport &) {
    return std::make_unique<TestCarrier>();
  };
  auto first = messenger.createWorld(1000, makeCarrier);
  sent.error = {COMMUTER_INTERNAL, "a broken port"};
  first->leave(0);
  EXPECT_EQ(first->failure().message, "a broken port");
  EXPECT_THROW((void)messenger.createWorld(
                   1000,
                   [](MessageTransport &) {
                     return std::make_unique<CarrierOutOfMemory>();
                   }),
               std::bad_alloc);
  auto second = messenger.createWorld(1000, makeCarrier);
  EXPECT_EQ(second->failure().message, "a broken port");
}

} // namespace
