"""What systemd's logind does about shutdowns, on any bus: org.freedesktop.login1 with Inhibit and PrepareForShutdown, and of systemd itself the
one call by which logind is made to read its files anew. Speaks D-Bus by itself, since Python has no module for it.

    fake_logind.py BUS_SOCKET DROP_IN_DIRECTORY DELAY_SECONDS

Lines of its input are commands: "shutdown", "cancel". Lines of its output are JSON, one for whatever happens.
"""

import array
import json
import os
import re
import select
import socket
import struct
import sys

NAMES = ("org.freedesktop.login1", "org.freedesktop.systemd1")
MANAGER = "org.freedesktop.login1.Manager"
ALIGNMENT = {"y": 1, "g": 1, "b": 4, "u": 4, "i": 4, "h": 4, "a": 4, "s": 4, "o": 4, "t": 8, "(": 8}


def tell(**what):
    print(json.dumps(what), flush=True)


class Writer:
    def __init__(self):
        self.out = bytearray()

    def pad(self, to):
        self.out += b"\0" * (-len(self.out) % to)

    def put(self, sign, value):
        self.pad(ALIGNMENT[sign])
        if sign == "y":
            self.out.append(value)
        elif sign in "ubhi":
            self.out += struct.pack("<I", int(value))
        elif sign == "t":
            self.out += struct.pack("<Q", value)
        elif sign == "g":
            self.out += bytes([len(value)]) + value.encode() + b"\0"
        else:
            text = value.encode()
            self.out += struct.pack("<I", len(text)) + text + b"\0"


class Reader:
    def __init__(self, data, at=0):
        self.data, self.at = data, at

    def pad(self, to):
        self.at += -self.at % to

    def get(self, sign):
        self.pad(ALIGNMENT[sign])
        if sign == "y":
            self.at += 1
            return self.data[self.at - 1]
        if sign in "ubhi":
            self.at += 4
            return struct.unpack_from("<I", self.data, self.at - 4)[0]
        length = self.get("y") if sign == "g" else self.get("u")
        self.at += length + 1
        return self.data[self.at - length - 1 : self.at - 1].decode()


class Bus:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.pending = bytearray()
        self.serial = 0
        uid = str(os.getuid()).encode().hex()
        self.socket.sendall(f"\0AUTH EXTERNAL {uid}\r\n".encode())
        self.line()
        self.socket.sendall(b"NEGOTIATE_UNIX_FD\r\n")
        self.line()
        self.socket.sendall(b"BEGIN\r\n")
        self.ask("Hello")
        for name in NAMES:
            self.ask("RequestName", "su", (name, 0))

    def line(self):
        while b"\r\n" not in self.pending:
            self.pending += self.socket.recv(4096)
        line, _, rest = bytes(self.pending).partition(b"\r\n")
        self.pending = bytearray(rest)
        return line

    def ask(self, member, signature="", values=()):
        name = "org.freedesktop.DBus"
        self.send(1, {1: "/org/freedesktop/DBus", 2: name, 3: member, 6: name}, signature, values)

    def send(self, kind, fields, signature="", values=(), descriptor=None):
        self.serial += 1
        body = Writer()
        for sign, value in zip(signature.replace("v", ""), values):
            if "v" in signature:
                body.put("g", sign)
            body.put(sign, value)
        head = Writer()
        for value in (ord("l"), kind, 0, 1):
            head.put("y", value)
        head.put("u", len(body.out))
        head.put("u", self.serial)
        inside = Writer()
        signs = {1: "o", 2: "s", 3: "s", 5: "u", 6: "s", 8: "g", 9: "u"}
        all_fields = dict(fields)
        if signature:
            all_fields[8] = "v" if "v" in signature else signature
        if descriptor is not None:
            all_fields[9] = 1
        for code, value in all_fields.items():
            inside.pad(8)
            inside.put("y", code)
            inside.put("g", signs[code])
            inside.put(signs[code], value)
        head.put("u", len(inside.out))
        head.out += inside.out
        head.pad(8)
        extra = []
        if descriptor is not None:
            extra = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [descriptor]))]
        self.socket.sendmsg([bytes(head.out + body.out)], extra)

    def read(self):
        """One message, if it is there as a whole."""
        if len(self.pending) < 16:
            return None
        body_length, serial, fields_length = struct.unpack_from("<III", self.pending, 4)
        whole = 16 + fields_length + (-fields_length % 8) + body_length
        if len(self.pending) < whole:
            return None
        data = bytes(self.pending[:whole])
        del self.pending[:whole]
        reader, fields = Reader(data, 16), {}
        while reader.at < 16 + fields_length:
            reader.pad(8)
            code = reader.get("y")
            fields[code] = reader.get(reader.get("g"))
        return data[1], serial, fields, Reader(data[whole - body_length :])


class Logind:
    def __init__(self, bus, directory, delay_seconds):
        self.bus, self.directory = bus, directory
        self.locks = []
        self.delay_us = delay_seconds * 1_000_000
        self.is_shutting_down = False

    def reread(self):
        for name in sorted(os.listdir(self.directory)) if os.path.isdir(self.directory) else []:
            with open(os.path.join(self.directory, name), encoding="utf-8") as file:
                found = re.search(r"^InhibitDelayMaxSec=(\d+)$", file.read(), re.M)
            if found:
                self.delay_us = int(found[1]) * 1_000_000

    def signal(self, is_shutting_down):
        self.is_shutting_down = is_shutting_down
        path = "/org/freedesktop/login1"
        fields = {1: path, 2: MANAGER, 3: "PrepareForShutdown"}
        self.bus.send(4, fields, "b", (is_shutting_down,))

    def answer(self, message):
        kind, serial, fields, body = message
        if kind != 1:
            return
        reply, member = {5: serial, 6: fields.get(7)}, fields[3]
        if member == "Inhibit":
            words = dict(zip(("what", "who", "why", "mode"), (body.get("s") for _ in range(4))))
            ours, theirs = os.pipe()
            self.locks.append(ours)
            self.bus.send(2, reply, "h", (0,), theirs)
            os.close(theirs)
            tell(event="inhibit", **words)
        elif member == "Get":
            body.get("s")
            name = body.get("s")
            if name == "InhibitDelayMaxUSec":
                self.bus.send(2, reply, "vt", (self.delay_us,))
            elif name == "PreparingForShutdown":
                self.bus.send(2, reply, "vb", (self.is_shutting_down,))
            else:
                self.refuse(reply, f"no {name} here")
        elif member == "KillUnit":
            tell(event="kill", unit=body.get("s"), whom=body.get("s"), signal=body.get("i"))
            self.reread()
            self.bus.send(2, reply)
        else:
            self.refuse(reply, f"no {member} here")

    def refuse(self, reply, why):
        fields = {4: "org.freedesktop.DBus.Error.UnknownMethod", **reply}
        self.bus.send(3, {code: value for code, value in fields.items() if code != 4}, "s", (why,))


def main():
    bus = Bus(sys.argv[1])
    logind = Logind(bus, sys.argv[2], int(sys.argv[3]))
    tell(event="ready")
    while True:
        readable, _, _ = select.select([bus.socket, 0, *logind.locks], [], [])
        for each in readable:
            if each == 0:
                command = os.read(0, 4096).decode()
                if command == "":
                    return
                for word in command.split():
                    logind.signal(word == "shutdown")
            elif each is bus.socket:
                data = bus.socket.recv(65536)
                if not data:
                    return
                bus.pending += data
                while message := bus.read():
                    logind.answer(message)
            elif each in logind.locks:
                os.read(each, 1)
                logind.locks.remove(each)
                os.close(each)
                tell(event="released")


main()
