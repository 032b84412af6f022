package main

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"fmt"
	"net/url"
	"time"

	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
	"k8s.io/client-go/rest"
)

// connection speaks just enough HTTP/2 to ask for the same path again and again, or to watch it many times at once, and to
// count what comes, so that the figures are the server's and not the client's.
type connection struct {
	socket  *tls.Conn
	framer  *http2.Framer
	writer  *bufio.Writer
	request []byte
	stream  uint32
	read    int
}

// Large enough that flow control never waits for us.
const window = 1 << 30

func dial(config *rest.Config, path string) (*connection, error) {
	server, err := url.Parse(config.Host)
	if err != nil {
		return nil, err
	}
	secure, err := rest.TLSConfigFor(config)
	if err != nil {
		return nil, err
	}
	secure.NextProtos = []string{"h2"}
	socket, err := tls.Dial("tcp", server.Host, secure)
	if err != nil {
		return nil, err
	}
	c := &connection{socket: socket, writer: bufio.NewWriter(socket), stream: 1}
	c.framer = http2.NewFramer(c.writer, bufio.NewReaderSize(socket, 1<<18))
	c.framer.SetMaxReadFrameSize(1 << 20)
	c.framer.SetReuseFrames()
	c.writer.WriteString(http2.ClientPreface)
	c.framer.WriteSettings(http2.Setting{ID: http2.SettingInitialWindowSize, Val: window}, http2.Setting{ID: http2.SettingMaxFrameSize, Val: 1 << 20})
	c.framer.WriteWindowUpdate(0, window)
	var block bytes.Buffer
	encoder := hpack.NewEncoder(&block)
	// Without the dynamic table one block serves every request.
	encoder.SetMaxDynamicTableSize(0)
	for _, field := range [][2]string{{":method", "GET"}, {":scheme", "https"}, {":path", path}, {":authority", server.Host}, {"accept", "application/json"}, {"user-agent", "lean"}} {
		encoder.WriteField(hpack.HeaderField{Name: field[0], Value: field[1], Sensitive: true})
	}
	c.request = block.Bytes()
	return c, c.writer.Flush()
}

// get asks once and reads the answer to its end.
func (c *connection) get() error {
	if err := c.ask(); err != nil {
		return err
	}
	for {
		frame, err := c.next()
		if err != nil {
			return err
		}
		switch frame := frame.(type) {
		case *http2.HeadersFrame:
			if frame.StreamEnded() {
				return nil
			}
		case *http2.DataFrame:
			if frame.StreamEnded() {
				return nil
			}
		}
	}
}

// ask opens one more stream with the request, whatever others are open.
func (c *connection) ask() error {
	c.framer.WriteHeaders(http2.HeadersFrameParam{StreamID: c.stream, BlockFragment: c.request, EndHeaders: true, EndStream: true})
	c.stream += 2
	return c.writer.Flush()
}

// next reads a frame of any stream and does what the connection itself owes for it. The frame is valid until the next one is read.
func (c *connection) next() (http2.Frame, error) {
	frame, err := c.framer.ReadFrame()
	if err != nil {
		return nil, err
	}
	switch frame := frame.(type) {
	case *http2.SettingsFrame:
		if !frame.IsAck() {
			c.framer.WriteSettingsAck()
			err = c.writer.Flush()
		}
	case *http2.PingFrame:
		if !frame.IsAck() {
			c.framer.WritePing(true, frame.Data)
			err = c.writer.Flush()
		}
	case *http2.DataFrame:
		c.read += len(frame.Data())
		if c.read > window/2 {
			c.framer.WriteWindowUpdate(0, uint32(c.read))
			c.read = 0
			err = c.writer.Flush()
		}
	case *http2.RSTStreamFrame:
		err = fmt.Errorf("reset: %v", frame.ErrCode)
	case *http2.GoAwayFrame:
		err = fmt.Errorf("go away: %v", frame.ErrCode)
	}
	return frame, err
}

var leanPaths = map[string]string{
	"lean-get":   "/api/v1/namespaces/default/configmaps/load-00001",
	"lean-list":  "/api/v1/namespaces/default/configmaps?limit=500",
	"lean-large": "/api/v1/namespaces/kube-public/configmaps",
	"lean-probe": "/api/v1/namespaces/default/configmaps/load-00001",
}

func lean(config *rest.Config, o options) (result, error) {
	connections := make([]*connection, o.clients)
	for at := range connections {
		c, err := dial(config, leanPaths[o.op])
		if err != nil {
			return result{}, err
		}
		defer c.socket.Close()
		connections[at] = c
	}
	return repeat(o, func(client, _ int) (bool, error) {
		// A probe asks now and then: it is about how long others let it wait.
		if o.op == "lean-probe" {
			time.Sleep(5 * time.Millisecond)
		}
		return false, connections[client].get()
	}), nil
}
