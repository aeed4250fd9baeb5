//===- PortTest.cpp ---------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// The port over TCP, by itself: two ends in one process, of which one may be
// wrong.
//
//===----------------------------------------------------------------------===//

#include "../transport/TcpPort.h"

#include <gtest/gtest.h>

#include <chrono>
#include <unistd.h>

using namespace commuter::rt;

namespace {

constexpr int64_t kLong = 3 << 20; // of several frames

class PortTest : public testing::Test {
protected:
  void SetUp() override {
    int ends[2];
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    for (int32_t rank = 0; rank < 2; ++rank) {
      std::vector<Socket> sockets(2);
      sockets[1 - rank] = Socket(ends[rank]);
      ports[rank] = std::make_unique<TcpPort>(rank, std::move(sockets));
    }
  }

  /// In place of rank 0's port: its bare end.
  Socket bareEnd() {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    std::vector<Socket> sockets(2);
    sockets[0] = Socket(ends[1]);
    ports[1] = std::make_unique<TcpPort>(1, std::move(sockets));
    return Socket(ends[0]);
  }

  PortRequest send(int32_t from, int32_t tag, const std::string &data) {
    PortRequest request;
    EXPECT_TRUE(ports[from]
                    ->send(1 - from, tag, data.data(), data.size(), request)
                    .ok());
    return request;
  }
  PortRequest receive(int32_t to, int32_t tag, std::string &data) {
    PortRequest request;
    EXPECT_TRUE(ports[to]
                    ->receive(1 - to, tag, data.data(), data.size(), request)
                    .ok());
    return request;
  }

  /// Until the request is done; both ends move.
  Status wait(int32_t of, PortRequest request) {
    auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    bool isDone = false;
    while (std::chrono::steady_clock::now() < end) {
      Status status = ports[of]->test(request, isDone);
      if (isDone)
        return status;
      move();
    }
    ADD_FAILURE() << "not done";
    return {};
  }
  void move(int times = 1) {
    for (int i = 0; i < times; ++i)
      for (std::unique_ptr<TcpPort> &port : ports)
        if (port)
          probe(*port, 0);
  }
  static int64_t probe(TcpPort &port, int32_t tag) {
    bool isThere = false;
    int32_t peer = 0;
    int64_t bytes = 0;
    EXPECT_TRUE(port.probe(tag, isThere, peer, bytes).ok());
    return isThere ? bytes : -1;
  }
  std::string lossOf(int32_t rank) {
    int32_t peer = -1;
    std::string why;
    for (int i = 0; i < 1000 && !ports[rank]->takeLoss(peer, why); ++i)
      probe(*ports[rank], 0);
    return why;
  }

  static std::string pattern(int64_t bytes, int seed) {
    std::string data(bytes, 0);
    for (int64_t i = 0; i < bytes; ++i)
      data[i] = static_cast<char>(i * 31 + (i >> 8) * 7 + seed);
    return data;
  }

  std::unique_ptr<TcpPort> ports[2];
};

TEST_F(PortTest, MessagesOfATagKeepTheirOrder) {
  std::vector<std::string> sent = {pattern(10, 1), pattern(kLong, 2), "",
                                   pattern(kLong + 1, 3), pattern(70, 4)};
  for (bool areExpected : {true, false}) {
    std::vector<PortRequest> sends, receives;
    std::vector<std::string> got;
    for (const std::string &data : sent)
      got.emplace_back(data.size(), '?');
    auto postReceives = [&] {
      for (std::string &data : got)
        receives.push_back(receive(1, 5, data));
    };
    if (areExpected)
      postReceives();
    for (const std::string &data : sent)
      sends.push_back(send(0, 5, data));
    move(10);
    if (!areExpected)
      postReceives();
    for (PortRequest request : receives)
      EXPECT_TRUE(wait(1, request).ok());
    for (PortRequest request : sends)
      EXPECT_TRUE(wait(0, request).ok());
    EXPECT_TRUE(got == sent);
  }
}

TEST_F(PortTest, TagsDoNotWaitForEachOther) {
  std::string data = pattern(kLong, 1), note = "a note", got(note.size(), 0);
  PortRequest sendData = send(0, 5, data), sendNote = send(0, 0, note);
  for (int i = 0; i < 1000 && probe(*ports[1], 0) < 0; ++i)
    move();
  EXPECT_EQ(probe(*ports[1], 0), static_cast<int64_t>(note.size()));
  EXPECT_TRUE(wait(1, receive(1, 0, got)).ok());
  EXPECT_EQ(got, note);
  EXPECT_TRUE(wait(0, sendNote).ok());
  // The data has gone nowhere yet.
  bool isDone = true;
  EXPECT_TRUE(ports[0]->test(sendData, isDone).ok());
  EXPECT_FALSE(isDone);
  std::string gotData(data.size(), 0);
  EXPECT_TRUE(wait(1, receive(1, 5, gotData)).ok());
  EXPECT_TRUE(gotData == data);
  EXPECT_TRUE(wait(0, sendData).ok());
}

TEST_F(PortTest, BothWaysAtOnce) {
  std::string data[2] = {pattern(kLong, 1), pattern(kLong, 2)};
  std::string got[2] = {std::string(kLong, 0), std::string(kLong, 0)};
  std::vector<PortRequest> requests[2];
  for (int32_t rank : {0, 1}) {
    requests[rank].push_back(send(rank, 3, data[rank]));
    requests[rank].push_back(receive(rank, 3, got[rank]));
  }
  for (int32_t rank : {0, 1})
    for (PortRequest request : requests[rank])
      EXPECT_TRUE(wait(rank, request).ok());
  EXPECT_TRUE(got[0] == data[1] && got[1] == data[0]);
}

TEST_F(PortTest, SizesMustAgree) {
  for (int64_t bytes : {int64_t(8), kLong})
    for (bool isExpected : {true, false}) {
      std::string data = pattern(bytes, 1), got(bytes + 1, 0), next(4, 0);
      PortRequest receiving;
      if (isExpected)
        receiving = receive(1, 2, got);
      PortRequest sending = send(0, 2, data), sendNext = send(0, 2, "next");
      move(10);
      if (!isExpected)
        receiving = receive(1, 2, got);
      Status status = wait(1, receiving);
      EXPECT_EQ(status.code, COMMUTER_INTERNAL);
      EXPECT_EQ(status.message, "a message of " + std::to_string(bytes) +
                                    " bytes from rank 0, not " +
                                    std::to_string(bytes + 1));
      EXPECT_TRUE(wait(1, receive(1, 2, next)).ok());
      EXPECT_EQ(next, "next");
      EXPECT_TRUE(wait(0, sendNext).ok());
      ports[0]->cancel(sending, /*isSend=*/true);
      EXPECT_TRUE(wait(0, sending).ok());
    }
}

TEST_F(PortTest, WhatIsGivenUpTouchesNoMemory) {
  for (int moves : {0, 1, 2, 3})
    for (bool isSendFirst : {true, false}) {
      auto data = std::make_unique<std::string>(pattern(kLong, 1));
      auto got = std::make_unique<std::string>(kLong, 0);
      PortRequest sending = send(0, 4, *data), receiving = receive(1, 4, *got);
      move(moves);
      for (bool isSend : {isSendFirst, !isSendFirst}) {
        PortRequest request = isSend ? sending : receiving;
        TcpPort &port = *ports[isSend ? 0 : 1];
        bool isDone = false;
        port.cancel(request, isSend);
        EXPECT_TRUE(port.test(request, isDone).ok());
        EXPECT_TRUE(isDone);
        // A sanitizer finds who still uses it.
        (isSend ? data : got).reset();
        move(3);
      }
      // Later messages are not disturbed.
      std::string note(8, 0);
      PortRequest sendNote = send(0, 6 + moves, "the note");
      EXPECT_TRUE(wait(1, receive(1, 6 + moves, note)).ok());
      EXPECT_EQ(note, "the note");
      EXPECT_TRUE(wait(0, sendNote).ok());
    }
}

TEST_F(PortTest, NobodyReadsAndNothingBlocks) {
  std::string data = pattern(1 << 17, 1);
  std::vector<PortRequest> requests;
  auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < 200; ++i)
    requests.push_back(send(0, 1, data));
  bool isDone = true;
  EXPECT_TRUE(ports[0]->test(requests.back(), isDone).ok());
  EXPECT_FALSE(isDone);
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
  for (PortRequest request : requests) {
    std::string got(data.size(), 0);
    EXPECT_TRUE(wait(1, receive(1, 1, got)).ok());
    EXPECT_TRUE(got == data);
    EXPECT_TRUE(wait(0, request).ok());
  }
}

TEST_F(PortTest, ALossIsToldAfterTheLastMessage) {
  std::string got(4, 0), more(4, 0), inParts(kLong, 0);
  PortRequest waiting = receive(1, 9, more), streaming = receive(1, 8, inParts);
  PortRequest last = send(0, 0, "last"), sending = send(0, 8, inParts);
  EXPECT_TRUE(wait(0, last).ok());
  move();
  ports[0]->cancel(sending, /*isSend=*/true);
  EXPECT_TRUE(wait(0, sending).ok());
  ports[0].reset();
  int32_t peer = -1;
  std::string why;
  while (probe(*ports[1], 0) < 0)
    EXPECT_FALSE(ports[1]->takeLoss(peer, why));
  EXPECT_TRUE(wait(1, receive(1, 0, got)).ok());
  EXPECT_EQ(got, "last");
  for (PortRequest request : {waiting, streaming}) {
    Status status = wait(1, request);
    EXPECT_EQ(status.code, COMMUTER_RANK_LEFT);
    EXPECT_EQ(status.message.find("lost rank 0 ("), 0u) << status.message;
  }
  EXPECT_NE(lossOf(1), "");
  EXPECT_FALSE(ports[1]->takeLoss(peer, why)); // once
  // What goes there goes nowhere, however long; nothing comes from there.
  EXPECT_TRUE(wait(1, send(1, 1, pattern(kLong, 1))).ok());
  EXPECT_EQ(wait(1, receive(1, 1, more)).code, COMMUTER_RANK_LEFT);
}

TEST_F(PortTest, SendsToOneThatIsGoneEndToo) {
  std::string data = pattern(kLong, 1);
  std::vector<PortRequest> requests = {send(1, 1, data)};
  for (int i = 0; i < 50; ++i)
    requests.push_back(send(1, 2, data.substr(0, 1 << 17)));
  ports[0].reset();
  for (PortRequest request : requests)
    EXPECT_TRUE(wait(1, request).ok());
  EXPECT_NE(lossOf(1), "");
}

TEST_F(PortTest, NonsenseIsALoss) {
  const TcpFrame frames[] = {
      {0, 0, 0, 0},
      {77, 0, 0, 0},
      {TcpFrame::Whole, -1, 1, 0},
      {TcpFrame::Whole, 1, -1, 0},
      {TcpFrame::Whole, 1, kLong, 0},
      {TcpFrame::Offer, -1, kLong, 1},
      {TcpFrame::Offer, 1, 1, 1},
      {TcpFrame::Offer, 1, -kLong, 1},
      {TcpFrame::Part, 1, 10, 5},
  };
  for (const TcpFrame &frame : frames) {
    Socket end = bareEnd();
    ASSERT_EQ(write(end.get(), &frame, sizeof(frame)),
              static_cast<ssize_t>(sizeof(frame)));
    EXPECT_EQ(lossOf(1), "what it sent makes no sense");
  }
  // More of a message than was promised.
  Socket end = bareEnd();
  std::string got(kLong, 0);
  TcpFrame offer{TcpFrame::Offer, 1, kLong, 1},
      part{TcpFrame::Part, 1, kLong + 1, 1};
  PortRequest request = receive(1, 1, got);
  for (const TcpFrame &frame : {offer, part})
    ASSERT_EQ(write(end.get(), &frame, sizeof(frame)),
              static_cast<ssize_t>(sizeof(frame)));
  EXPECT_EQ(wait(1, request).code, COMMUTER_RANK_LEFT);
  EXPECT_EQ(lossOf(1), "what it sent makes no sense");
  // An answer to nothing may be late; then a frame that is cut off.
  end = bareEnd();
  TcpFrame accept{TcpFrame::Accept, 0, 0, 99},
      whole{TcpFrame::Whole, 1, 100, 0};
  for (const TcpFrame &frame : {accept, whole})
    ASSERT_EQ(write(end.get(), &frame, sizeof(frame)),
              static_cast<ssize_t>(sizeof(frame)));
  probe(*ports[1], 0);
  end.close();
  EXPECT_EQ(lossOf(1), "it closed the connection");
  EXPECT_EQ(probe(*ports[1], 1), -1);
}

TEST_F(PortTest, WhatNobodyReceivesHasABound) {
  std::string data = pattern(1 << 17, 1);
  std::vector<PortRequest> requests;
  for (int i = 0; i < 600; ++i)
    requests.push_back(send(0, 1, data));
  for (PortRequest request : requests)
    EXPECT_TRUE(wait(0, request).ok());
  EXPECT_EQ(lossOf(1), "it sent 64 MiB that nothing here receives");
}

} // namespace

int main(int argc, char **argv) {
  testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
