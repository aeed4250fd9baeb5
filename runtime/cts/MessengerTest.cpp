//===- MessengerTest.cpp ----------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// What messengers and their worlds do where memory runs out, and what they say
// of ranks that went on: two processes' ends in this one.
//
//===----------------------------------------------------------------------===//

#include "../transport/MessageTransport.h"

#include <gtest/gtest.h>

#include <new>
#include <thread>

using namespace commuter::rt;

namespace {

/// What two processes have sent each other.
struct Wire {
  std::mutex mutex;
  std::deque<std::string> messages[2]; // by receiver; of the control tag
  Status error;                        // what sends fail with
};

/// The end of one of two ranks. It carries the messages of worlds, and no data.
class TestPort final : public Port {
public:
  TestPort(Wire &wire, int32_t rank) : wire(wire), ownRank(rank) {}

  int32_t rank() const override { return ownRank; }
  int32_t size() const override { return 2; }
  int32_t maxTag() const override { return 100; }
  int64_t maxBytes() const override { return 1 << 20; }
  Status send(int32_t peer, int32_t, const void *data, int64_t bytes,
              PortRequest &) override {
    std::lock_guard lock(wire.mutex);
    wire.messages[peer].emplace_back(static_cast<const char *>(data), bytes);
    return wire.error;
  }
  Status receive(int32_t, int32_t, void *data, int64_t bytes,
                 PortRequest &) override {
    std::lock_guard lock(wire.mutex);
    wire.messages[ownRank].front().copy(static_cast<char *>(data), bytes);
    wire.messages[ownRank].pop_front();
    return {};
  }
  Status test(PortRequest &, bool &isDone) override {
    isDone = true;
    return {};
  }
  void cancel(PortRequest &, bool) override {}
  Status probe(int32_t, bool &isThere, int32_t &peer, int64_t &bytes) override {
    std::lock_guard lock(wire.mutex);
    isThere = !wire.messages[ownRank].empty();
    peer = 1 - ownRank;
    if (isThere)
      bytes = static_cast<int64_t>(wire.messages[ownRank].front().size());
    return {};
  }
  Status finalize() override { return {}; }

private:
  Wire &wire;
  const int32_t ownRank;
};

class TestCarrier : public Carrier {
public:
  Status attach(Device &) override { return {}; }
  Status exchange(const Running &, const std::vector<Transfer> &) override {
    throw std::bad_alloc();
  }
};

std::unique_ptr<Carrier> makeTestCarrier(MessageTransport &) {
  return std::make_unique<TestCarrier>();
}

/// Has no memory for what an abort takes.
class CarrierOfNoEnd final : public TestCarrier {
public:
  void abort() override { throw std::bad_alloc(); }
};

/// Waits for data that nobody sends.
class CarrierThatWaits final : public TestCarrier {
public:
  explicit CarrierThatWaits(MessageTransport &transport)
      : transport(transport) {}
  Status exchange(const Running &running,
                  const std::vector<Transfer> &) override {
    Awaited awaited;
    awaited.advance = [](bool &isDone) -> Status {
      isDone = false;
      return {};
    };
    awaited.describe = [] { return std::string("in vain"); };
    awaited.busy = std::chrono::nanoseconds(0);
    return transport.await(running, awaited);
  }

private:
  MessageTransport &transport;
};

/// Has what it needs, and has given what others need.
class CarrierThatIsDone final : public TestCarrier {
public:
  Status exchange(const Running &, const std::vector<Transfer> &) override {
    return {};
  }
};

/// Between ranks 0 and 1, of one byte each.
Status gather(Transport &world, Device &device, int32_t rank) {
  char input[1] = {}, output[2] = {};
  Collective call;
  call.operation = Operation::AllGather;
  call.device = &device;
  call.channel = world.channel({0, 1});
  call.spec = "mesh[dp]";
  call.rank = rank;
  call.index = rank;
  call.size = 2;
  call.sequence = 1;
  Gather &gather = call.gathers.emplace_back();
  gather.extents = {1, 1};
  for (View *view : {&gather.input, &gather.output}) {
    view->rank = 1;
    view->strides[0] = 1;
  }
  gather.input.data = input;
  gather.input.sizes[0] = 1;
  gather.output.data = output;
  gather.output.sizes[0] = 2;
  CollectiveCounters counters;
  return world.run(call, counters);
}

/// The number of the world that a message is for.
uint32_t worldOf(const std::string &message) {
  Reader reader(message);
  (void)reader.number<Kind>();
  return reader.number<uint32_t>();
}

TEST(MessengerTest, AWorldThatDoesNotComeAboutHasNoNumber) {
  Wire wire;
  Messenger messenger(std::make_unique<TestPort>(wire, 0));
  EXPECT_THROW((void)messenger.createWorld(
                   1000,
                   [](MessageTransport &) -> std::unique_ptr<Carrier> {
                     throw std::bad_alloc();
                   }),
               std::bad_alloc);
  messenger.createWorld(1000, makeTestCarrier)->leave(0);
  ASSERT_EQ(wire.messages[1].size(), 1u);
  EXPECT_EQ(worldOf(wire.messages[1][0]), 0u);
}

/// A hang is what it would be otherwise.
TEST(MessengerTest, AWorldIsGivenUpWithoutTheMutex) {
  Wire wire;
  Messenger messenger(std::make_unique<TestPort>(wire, 0));
  auto first = messenger.createWorld(1000, makeTestCarrier);
  wire.error = {COMMUTER_INTERNAL, "a broken port"};
  first->leave(0);
  EXPECT_EQ(first->failure().message, "a broken port");
  EXPECT_THROW(
      (void)messenger.createWorld(1000,
                                  [](MessageTransport &) {
                                    return std::make_unique<CarrierOfNoEnd>();
                                  }),
      std::bad_alloc);
  auto second = messenger.createWorld(1000, makeTestCarrier);
  EXPECT_EQ(second->failure().message, "a broken port");
}

/// The others hear of it, long before their deadline.
TEST(MessengerTest, LackOfMemoryAfterTheMeetingIsAFaultOfAll) {
  Wire wire;
  std::vector<std::thread> ranks;
  for (int32_t rank : {0, 1})
    ranks.emplace_back([&wire, rank] {
      Messenger messenger(std::make_unique<TestPort>(wire, rank));
      std::unique_ptr<Transport> world =
          messenger.createWorld(60000, [rank](MessageTransport &transport) {
            return rank == 0 ? makeTestCarrier(transport)
                             : std::make_unique<CarrierThatWaits>(transport);
          });
      std::shared_ptr<Device> device;
      EXPECT_TRUE(createCpuDevice({rank, 2, true, -1}, device).ok());
      EXPECT_TRUE(world->join(rank, *device).ok());
      const int64_t start = nowNs();
      const Status status = gather(*world, *device, rank);
      EXPECT_EQ(status.code, COMMUTER_OUT_OF_MEMORY) << status.message;
      EXPECT_EQ(status.message.rfind("all_gather #1 over mesh[dp]: out of "
                                     "memory: ",
                                     0),
                0u)
          << status.message;
      EXPECT_LT(nowNs() - start, int64_t(20) * 1000000000);
      world->leave(rank);
    });
  for (std::thread &rank : ranks)
    rank.join();
}

/// Rank 0 waits for data until its deadline, rank 1 has all it needs and then
/// does `next`, which returns what the world fails with. Returns rank 0's
/// message.
template <typename Next>
std::string messageOfStall(Next next) {
  Wire wire;
  std::string message;
  std::vector<std::thread> ranks;
  for (int32_t rank : {0, 1})
    ranks.emplace_back([&, rank] {
      Messenger messenger(std::make_unique<TestPort>(wire, rank));
      std::unique_ptr<Transport> world = messenger.createWorld(
          rank == 0 ? 300 : 60000,
          [rank](MessageTransport &transport) -> std::unique_ptr<Carrier> {
            if (rank == 0)
              return std::make_unique<CarrierThatWaits>(transport);
            return std::make_unique<CarrierThatIsDone>();
          });
      std::shared_ptr<Device> device;
      EXPECT_TRUE(createCpuDevice({rank, 2, true, -1}, device).ok());
      EXPECT_TRUE(world->join(rank, *device).ok());
      Status status = gather(*world, *device, rank);
      if (rank == 0) {
        message = status.message;
      } else {
        EXPECT_TRUE(status.ok()) << status.message;
        status = next(*world, *device);
      }
      EXPECT_EQ(status.code, COMMUTER_TIMEOUT) << status.message;
      world->leave(rank);
    });
  for (std::thread &rank : ranks)
    rank.join();
  return message;
}

TEST(MessengerTest, AMemberThatWentOnIsNotMissing) {
  const std::string message = messageOfStall([](Transport &world, Device &) {
    Status status;
    while ((status = world.failure()).ok())
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    return status;
  });
  EXPECT_EQ(message.rfind("all_gather #1 over mesh[dp] timed out after 300 ms "
                          "in vain: rank 0: #1 all_gather",
                          0),
            0u)
      << message;
  EXPECT_NE(message.find("rank 1: met and went on, last #1 all_gather"),
            std::string::npos)
      << message;
}

TEST(MessengerTest, AMemberThatWentOnToALaterCall) {
  const std::string message =
      messageOfStall([](Transport &world, Device &device) {
        Collective call;
        call.operation = Operation::Barrier;
        call.device = &device;
        call.channel = world.channel({0, 1});
        call.spec = "mesh[dp]";
        call.rank = call.index = 1;
        call.size = 2;
        call.sequence = 2;
        CollectiveCounters counters;
        return world.run(call, counters);
      });
  EXPECT_NE(message.find("rank 1: met and went on, waits in #2 barrier over "
                         "mesh[dp]"),
            std::string::npos)
      << message;
}

} // namespace
