//===- TcpPort.h ------------------------------------------------*- C++ -*-===//
//
// Part of the Commuter project, under the Apache License v2.0 with LLVM
// Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------===//
//
// A port over TCP connections, one to each other process.
//
//===----------------------------------------------------------------------===//

#ifndef COMMUTER_RUNTIME_TCPPORT_H
#define COMMUTER_RUNTIME_TCPPORT_H

#include "Port.h"
#include "Socket.h"

#include <deque>
#include <map>
#include <memory>

namespace commuter::rt {

// How messages travel
//   A short message goes at once (Whole). A longer one is announced
//   (Offer), and goes in parts (Part) once the other side has a place for it
//   (Accept): it is never buffered, and what is meant for the fault protocol
//   never stands behind it, since frames of other messages go between parts.
//   What arrives is read to where it belongs; only a Whole that nobody expects
//   yet is kept in a buffer, and of such a process may have kMaxUnexpected.
//
//   Messages of one tag match in the order of their Wholes and Offers.

/// A message under way. It is the caller's, who lets go of it in `test`; the
/// link points to it until it is done.
struct TcpRequest {
  TcpRequest(int32_t peer, int32_t tag, char *data, int64_t bytes)
      : peer(peer), tag(tag), data(data), bytes(bytes) {}

  const int32_t peer, tag;
  char *const data;
  const int64_t bytes;
  int64_t moved = 0;  // of a message in parts
  uint64_t id = 0;    // of the offer, if it has one
  uint64_t asked = 0; // the port's turn when it was last asked for
  bool isDone = false;
  Status status;

  void finish(Status result = {}) {
    status = std::move(result);
    isDone = true;
  }
};

/// What precedes the data. Numbers travel as they lie in memory: see
/// MessageWire.h; the rendezvous has checked the order of their bytes.
struct TcpFrame {
  enum Kind : uint32_t { Whole = 1, Offer, Accept, Part };
  uint32_t kind;
  int32_t tag;   // Whole, Offer
  int64_t bytes; // Whole, Offer, Part
  uint64_t id;   // Offer, Accept, Part: the sender's number of the message
};

/// The most data that frames have. On one machine parts of 1 MiB gather 1.1
/// times as fast as parts of 256 KiB; longer ones would keep short messages
/// waiting on slow links.
struct TcpLimits {
  int64_t whole = 128 << 10, part = 1 << 20;
};

/// The connection to one process, and the messages under way on it.
class TcpLink {
public:
  TcpLink(int32_t peer, Socket socket, TcpLimits limits)
      : peer(peer), socket(std::move(socket)), limits(limits) {}

  void send(TcpRequest &request);
  void receive(TcpRequest &request);
  void cancelSend(TcpRequest &request);
  void cancelReceive(TcpRequest &request);

  /// Moves what can be moved.
  void read();
  void write();

  /// Whether a message that nobody has received yet is there.
  bool probe(int32_t tag, int64_t &bytes) const;

  bool isOpen() const { return bool(socket); }
  int descriptor() const { return socket.get(); }
  bool hasToWrite() const {
    return writing.isActive || !frames.empty() || !streams.empty();
  }

  /// Why the connection ended, if it has.
  std::string loss;
  bool isLossTold = false;

private:
  /// A frame on its way out; its data may be none.
  struct Outgoing {
    TcpFrame frame;
    TcpRequest *request; // that sends the data; null for an Accept
  };
  struct Writing {
    bool isActive = false;
    TcpFrame frame;
    TcpRequest *request = nullptr;
    const char *data = nullptr;
    int64_t bytes = 0, written = 0; // the frame's included
    std::string rest; // owns the data of a request that was given up
  };
  /// A frame on its way in.
  struct Reading {
    bool isActive = false;
    TcpFrame frame;
    TcpRequest *request = nullptr;
    bool isKept = false; // in `kept`: a Whole that has no request yet
    std::string kept;
    char *target = nullptr; // null: what follows is dropped
    int64_t remaining = 0;
  };
  /// What arrived before it was received.
  struct Arrival {
    TcpFrame frame;
    std::string data; // of a Whole
  };
  /// A message that is received in parts; its request is null if it was given
  /// up.
  struct Stream {
    TcpRequest *request;
    int64_t remaining;
  };

  void lose(std::string why);
  void dropSends();
  Status lostStatus() const;

  void nextFrame();
  void finishWriting();

  ssize_t fill(bool &isDrained);
  void parse();
  void begin(const TcpFrame &frame);
  TcpRequest *takeExpected(int32_t tag);
  void beginWhole(const TcpFrame &frame);
  void finishReading();
  void arrive(Arrival arrival);
  void match(TcpRequest &request, Arrival arrival);

  const int32_t peer;
  Socket socket;
  const TcpLimits limits;

  uint64_t lastId = 0;
  std::deque<Outgoing> frames;
  std::map<uint64_t, TcpRequest *> offered;
  std::deque<TcpRequest *> streams; // accepted, in that order
  Writing writing;
  std::string writeError;

  Reading reading;
  char buffer[16384];
  size_t buffered = 0;
  std::map<int32_t, std::deque<TcpRequest *>> expected; // by tag
  std::map<int32_t, std::deque<Arrival>> unexpected;    // by tag
  int64_t unexpectedBytes = 0;
  std::map<uint64_t, Stream> accepted;
};

class TcpPort final : public Port {
public:
  /// One connection for each process, by rank; none for this one.
  TcpPort(int32_t rank, std::vector<Socket> sockets, TcpLimits limits = {});

  int32_t rank() const override { return ownRank; }
  int32_t size() const override { return static_cast<int32_t>(links.size()); }
  int32_t maxTag() const override { return INT32_MAX; }
  int64_t maxBytes() const override { return INT64_MAX; }

  Status send(int32_t peer, int32_t tag, const void *data, int64_t bytes,
              PortRequest &request) override;
  Status receive(int32_t peer, int32_t tag, void *data, int64_t bytes,
                 PortRequest &request) override;
  Status test(PortRequest &request, bool &isDone) override;
  void cancel(PortRequest &request, bool isSend) override;
  Status probe(int32_t tag, bool &isThere, int32_t &peer,
               int64_t &bytes) override;
  bool takeLoss(int32_t &peer, std::string &why) override;
  Status finalize() override;

private:
  void moveAll();

  const int32_t ownRank;
  std::vector<std::unique_ptr<TcpLink>> links; // by rank; null for this one
  int32_t nextProbed = 0; // the first to be asked, so that none is left out
  uint64_t turn = 0;      // how often all links were moved
};

} // namespace commuter::rt

#endif // COMMUTER_RUNTIME_TCPPORT_H
