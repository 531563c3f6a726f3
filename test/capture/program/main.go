// A program with Go's own pprof endpoints on ports of its own, which notes what scrapes do to each other.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	_ "net/http/pprof"
	"os"
	"strconv"
	"sync"
	"time"
)

type notes struct {
	mu       sync.Mutex
	running  map[string]int
	captured int
	Begun    map[string]int `json:"begun"`
	Overlaps int            `json:"overlaps"`
	Refused  int            `json:"refused"`
	Beside   int            `json:"beside"`
	Text     string         `json:"text"`
}

// One answer, which is noted while it is sent.
type noted struct {
	http.ResponseWriter
	status int
	body   *bytes.Buffer
}

func (n *noted) WriteHeader(status int) {
	n.status = status
	n.ResponseWriter.WriteHeader(status)
}

func (n *noted) Write(chunk []byte) (int, error) {
	if n.body != nil {
		n.body.Write(chunk)
	}
	return n.ResponseWriter.Write(chunk)
}

func (n *notes) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/notes" {
		n.mu.Lock()
		defer n.mu.Unlock()
		json.NewEncoder(w).Encode(n)
		return
	}
	answer := &noted{ResponseWriter: w, status: 200}
	if r.URL.Query().Get("debug") == "2" {
		answer.body = &bytes.Buffer{}
	}
	n.mu.Lock()
	n.Begun[r.URL.Path]++
	if n.running[r.URL.Path] > 0 {
		n.Overlaps++
	}
	n.running[r.URL.Path]++
	captured := r.URL.Query().Get("seconds") == "3"
	if captured {
		n.captured++
	} else if r.URL.Path == "/debug/pprof/heap" && n.captured > 0 {
		n.Beside++
	}
	n.mu.Unlock()
	http.DefaultServeMux.ServeHTTP(answer, r)
	n.mu.Lock()
	n.running[r.URL.Path]--
	if captured {
		n.captured--
	}
	if answer.status == 500 {
		n.Refused++
	}
	if answer.body != nil {
		n.Text = answer.body.String()
	}
	n.mu.Unlock()
}

var sink int

// With something in every CPU profile, and most of the CPU left to others.
func work() {
	for {
		for i := 0; i < 20_000; i++ {
			sink += len(strconv.Itoa(i))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func main() {
	go work()
	// Whoever started it is gone, however that came.
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	n := &notes{running: map[string]int{}, Begun: map[string]int{}}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, http.HandlerFunc(n.serve)))
}
