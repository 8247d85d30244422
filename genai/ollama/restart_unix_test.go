//go:build unix

package ollama_test

import (
	"net"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/genai"
	"github.com/mitigraph/mitigraph/genai/ollama"
)

// own is an Ollama server of this test's own, with its model runners in a
// group of processes.
type own struct {
	program, addr string
	cmd           *exec.Cmd
}

func (o *own) start(t *testing.T) {
	o.cmd = exec.Command(o.program, "serve")
	o.cmd.Env = append(os.Environ(), "OLLAMA_HOST="+o.addr, "OLLAMA_NOPRUNE=1", "OLLAMA_NUM_PARALLEL=1")
	o.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if !assert.NoError(t, o.cmd.Start()) {
		return
	}
	for range 600 { // a minute
		if c, err := net.Dial("tcp", o.addr); err == nil {
			c.Close()
			return
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Errorf("no server at %s", o.addr)
}

func (o *own) kill() {
	_ = syscall.Kill(-o.cmd.Process.Pid, syscall.SIGKILL)
	_ = o.cmd.Wait()
}

// A hundred gaps across a restart of a real server, which is killed while it
// answers.
func TestRealServerRestart(t *testing.T) {
	program := os.Getenv("MITIGRAPH_OLLAMA_RESTART")
	if program == "" {
		t.Skip("needs MITIGRAPH_OLLAMA_RESTART, the program of an Ollama server of which this test may start and kill one, and OLLAMA_MODELS, the folder of its models (and MITIGRAPH_OLLAMA_MODEL for another model than smollm2:135m)")
	}
	name := os.Getenv("MITIGRAPH_OLLAMA_MODEL")
	if name == "" {
		name = "smollm2:135m"
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := &own{program: program, addr: l.Addr().String()}
	require.NoError(t, l.Close())
	server.start(t)
	defer func() { server.kill() }()
	w, err := ollama.New(server.addr, name)
	require.NoError(t, err)
	require.NoError(t, w.Ready(t.Context()))
	begin := time.Now()
	survives(t, server.addr, name, server.kill, func() {
		time.Sleep(time.Second)
		server.start(t)
	}, genai.Options{Patience: 2 * time.Minute, Timeout: time.Minute})
	t.Logf("in %.0f s", time.Since(begin).Seconds())
}
