package ollama_test

import (
	"context"
	"encoding/json"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/mitre"
)

// restarting is a way to a server that can be closed and opened again at the
// same address.
type restarting struct {
	url string // of the server

	addr string

	mu     sync.Mutex
	server *http.Server
}

func (r *restarting) start(t testing.TB) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	r.addr = l.Addr().String()
	r.serve(t, l)
	t.Cleanup(r.stop)
	return "http://" + r.addr
}

func (r *restarting) serve(t testing.TB, l net.Listener) {
	target, err := url.Parse(r.url)
	require.NoError(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{DisableKeepAlives: true}
	proxy.FlushInterval = -1
	proxy.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	proxy.ErrorLog = log.New(io.Discard, "", 0)
	server := &http.Server{Handler: proxy}
	r.mu.Lock()
	r.server = server
	r.mu.Unlock()
	go server.Serve(l)
}

// stop closes it at once, with all of its connections.
func (r *restarting) stop() {
	r.mu.Lock()
	server := r.server
	r.mu.Unlock()
	server.Close()
}

// again opens it at the address that it had.
func (r *restarting) again(t testing.TB) {
	l, err := net.Listen("tcp", r.addr)
	if assert.NoError(t, err) {
		r.serve(t, l)
	}
}

// manyGaps are a hundred tasks, one for each of as many gaps.
func manyGaps(t testing.TB) (*graph.Snapshot, *graph.Assessment, []genai.Task) {
	t.Helper()
	const n = 100
	catalog, err := mitre.Embedded()
	require.NoError(t, err)
	f := finding.Finding{ID: "F-1", Title: "Everything is open", Device: "plc-1"}
	for technique := range mitre.Live[*mitre.Technique](catalog) {
		f.Techniques = append(f.Techniques, technique.ID)
	}
	s, a := assessed(t, f, finding.Finding{ID: "F-2", Title: "It leads nowhere", Device: "plc-2"})
	tasks := genai.Mitigations(a)
	require.GreaterOrEqual(t, len(tasks), n)
	return s, a, tasks[:n]
}

// brief asks a model on a real connection for a few tokens only, and says in
// their place what a better model might have written: what comes back is the
// server's doing, and no more time is spent than that takes.
type brief struct {
	*ollama.Writer
	asked   atomic.Int32
	answers atomic.Int32
	begun   func(asked int) // is called when an answer begins to come
}

func (b *brief) Write(ctx context.Context, r genai.Request) (genai.Answer, error) {
	n := int(b.asked.Add(1))
	small := genai.Request{System: "Be brief.", Prompt: "Name a colour as JSON.", MaxTokens: 24, Schema: json.RawMessage(
		`{"type":"object","properties":{"colour":{"enum":["red","green"]}},"required":["colour"]}`)}
	small.Streaming = func(tokens int) {
		if tokens == 1 {
			b.begun(n)
		}
	}
	answer, err := b.Writer.Write(ctx, small)
	if err != nil {
		return genai.Answer{}, err
	}
	b.answers.Add(1)
	text, err := r.Compose()
	if err != nil {
		return genai.Answer{}, err
	}
	raw, err := json.Marshal(text)
	answer.Text = string(raw)
	return answer, err
}

// Parameters has even a small model asked for whole drafts.
func (*brief) Parameters() int64 { return 0 }

// survives runs a hundred drafts, in the middle of which the server is killed
// while it answers, and started again, and then the same again.
func survives(t *testing.T, host, name string, kill, again func(), o genai.Options) {
	const at = 8 // tasks[:20] of a short run have it too
	s, a, tasks := manyGaps(t)
	if testing.Short() {
		tasks = tasks[:20]
	}
	w, err := ollama.New(host, name)
	require.NoError(t, err)
	var once sync.Once
	started := make(chan struct{})
	b := &brief{Writer: w, begun: func(asked int) {
		if asked == at {
			once.Do(func() {
				kill()
				go func() { defer close(started); again() }()
			})
		}
	}}
	kept := genai.Cached(b, t.TempDir())
	drafts, err := genai.DraftAll(t.Context(), s, a, tasks, kept, o)
	require.NoError(t, err)
	<-started
	require.Len(t, drafts, len(tasks), "no draft is lost")
	ids := map[string]bool{}
	for i, d := range drafts {
		assert.Equal(t, i, d.Gap)
		assert.Equal(t, b.Name(), d.Generator, "gap %d: %v", i, d.Checks.Rejections)
		assert.NotEmpty(t, d.Checks.Model)
		ids[d.ID] = true
	}
	assert.Len(t, ids, len(tasks))
	asked := int(b.asked.Load())
	assert.Greater(t, asked, len(tasks), "the answer that was cut off was asked for again")
	assert.EqualValues(t, len(tasks), b.answers.Load())

	same, err := genai.DraftAll(t.Context(), s, a, tasks, kept, o)
	require.NoError(t, err)
	assert.EqualValues(t, asked, b.asked.Load(), "what is kept is not asked for again")
	assert.Equal(t, drafts, same)
	t.Logf("%d gaps, %d drafts by %s, %d requests for %d answers; 0 in the second run", len(tasks), len(drafts), b.Name(), asked, len(tasks))
}

// A hundred gaps across a restart of a server of this process, which is really
// closed, and opened again at the same address.
func TestRunSurvivesRestart(t *testing.T) {
	held := make(chan struct{})
	server := &standIn{}
	n := 0
	server.chat = func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 8 { // the answer that is cut off
			stream(`{"col`, "")(w, r)
			w.(http.Flusher).Flush()
			<-held
			return
		}
		stream(`{"colour":"red"}`, done)(w, r)
	}
	front := &restarting{url: server.start(t)}
	kill := func() { front.stop(); close(held) }
	again := func() { time.Sleep(200 * time.Millisecond); front.again(t) }
	survives(t, front.start(t), model, kill, again, genai.Options{Patience: time.Minute})
}
