package bolt

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/cayleygraph/quad"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/mitigraph/mitigraph/graph"
	"github.com/mitigraph/mitigraph/graph/finding"
	"github.com/mitigraph/mitigraph/graph/store"
	"github.com/mitigraph/mitigraph/mitre"
)

// child is what this test's binary does as another process: a job and a path,
// separated by a space. It says on standard output what it has done.
func child(job string) {
	job, path, _ := strings.Cut(job, " ")
	ctx := context.Background()
	fail := func(err error) {
		if err != nil {
			fmt.Println("failed:", err)
			os.Exit(1)
		}
	}
	switch job {
	case "hold":
		s, err := Open(ctx, path, Options{})
		fail(err)
		fmt.Println("holding")
		_, _ = bufio.NewReader(os.Stdin).ReadString('\n')
		fail(s.Close())
	case "write":
		s, err := Open(ctx, path, Options{})
		fail(err)
		state, err := s.State(ctx)
		fail(err)
		for {
			n := int(state.Writes)
			remove, add := step(n)
			state, err = s.Write(ctx, state, remove, add)
			fail(err)
			fmt.Println(state.Writes)
		}
	case "find":
		facts, err := mitre.Embedded()
		fail(err)
		s, err := Open(ctx, path, Options{})
		fail(err)
		g, err := graph.Open(ctx, s, graph.Attack(facts))
		fail(err)
		fmt.Println(pairs(g.Snapshot()))
		for n := pairs(g.Snapshot()); ; n++ {
			fail(g.Add(ctx, graph.Findings(
				finding.Finding{ID: fmt.Sprintf("%d-a", n), Weaknesses: []string{"CWE-798"}},
				finding.Finding{ID: fmt.Sprintf("%d-b", n), Weaknesses: []string{"CWE-79"}})))
			fmt.Println(n + 1)
		}
	case "full":
		s, err := Open(ctx, path, Options{})
		fail(err)
		state, err := s.State(ctx)
		fail(err)
		signal.Ignore(syscall.SIGXFSZ)
		st, err := os.Stat(path)
		fail(err)
		var limit syscall.Rlimit
		fail(syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit))
		tight := limit
		tight.Cur = uint64(st.Size()) + 3*pageSize
		fail(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &tight))
		_, err = s.Write(ctx, state, nil, quadsOf(1000, 3000))
		fmt.Println("full:", err)
		got, err := s.State(ctx)
		fail(err)
		if got != state {
			fail(fmt.Errorf("the state changed"))
		}
		fail(syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit))
		_, err = s.Write(ctx, state, nil, quadsOf(1000, 3000))
		fail(err)
		fail(s.Close())
		fmt.Println("written")
	}
}

// step is the nth write of the child, so that what a store holds after n
// writes is known.
func step(n int) (remove, add []quad.Quad) {
	if n > 0 {
		remove = quadsOf(10*(n-1), 3)
	}
	return remove, quadsOf(10*n, 10)
}

func after(n int) []quad.Quad {
	var out []quad.Quad
	for i := range n {
		if i == n-1 {
			out = append(out, quadsOf(10*i, 10)...)
		} else {
			out = append(out, quadsOf(10*i+3, 7)...)
		}
	}
	return out
}

// pairs counts the pairs of findings.
func pairs(s *graph.Snapshot) int {
	n := 0
	for {
		_, one := s.Node(fmt.Sprintf("finding:%d-a", n))
		_, two := s.Node(fmt.Sprintf("finding:%d-b", n))
		if one != two {
			return -1
		}
		if !one {
			return n
		}
		n++
	}
}

func start(t *testing.T, job, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), "MITIGRAPH_BOLT_CHILD="+job+" "+path)
	cmd.Stderr = os.Stderr
	_, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// killed runs a child and kills it at a random moment. It returns the last
// number that the child said.
// Every second time the moment counts from its first word, so that a slow machine
// gets there, too.
func killed(t *testing.T, job, path string, within time.Duration) int {
	t.Helper()
	cmd, lines := start(t, job, path)
	kill := func() { time.AfterFunc(time.Duration(rand.Int64N(int64(within))), func() { _ = cmd.Process.Kill() }) }
	early := rand.IntN(2) == 0
	if early {
		kill()
	}
	last := -1
	for lines.Scan() {
		if last < 0 && !early {
			kill()
		}
		n, err := strconv.Atoi(lines.Text())
		if err != nil {
			t.Fatalf("the child says %q", lines.Text())
		}
		last = n
	}
	err := cmd.Wait()
	require.ErrorContains(t, err, "killed")
	return last
}

// kills is 1,000 in the long mode.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("MITIGRAPH_KILLS")); err == nil {
		return n
	}
	if os.Getenv("MITIGRAPH_LONG") != "" {
		return 1000
	}
	return 20
}

// A process that is killed while it writes leaves each write that it was told
// of, and no half of another.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	acknowledged, fresh, more := 0, 0, 0
	for i := range kills() {
		if i%10 == 9 { // creation, too
			path = filepath.Join(t.TempDir(), fmt.Sprint(i))
			acknowledged = 0
			fresh++
		}
		acknowledged = max(acknowledged, killed(t, "write", path, 60*time.Millisecond))
		if _, err := os.Stat(path); os.IsNotExist(err) {
			require.Zero(t, acknowledged)
			continue // killed before it began
		}
		s, err := Open(t.Context(), path, Options{})
		require.NoError(t, err, "kill %d", i)
		got, state, err := s.Read(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.Close())
		n := int(state.Writes)
		require.GreaterOrEqual(t, n, acknowledged, "a write that was reported is lost")
		require.LessOrEqual(t, n, acknowledged+1)
		require.ElementsMatch(t, after(n), got, "half of a write")
		if n > acknowledged {
			more++
		}
		acknowledged = n
	}
	t.Logf("%d kills, %d of them on new files; %d hit between a commit and its report", kills(), fresh, more)
	left, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*.new*"))
	require.NoError(t, err)
	t.Logf("%d unfinished new files lie about", len(left))
}

// The same through a graph, whose writes are findings in pairs.
func TestKilledGraph(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	acknowledged := 0
	for i := range kills() {
		acknowledged = max(acknowledged, killed(t, "find", path, 400*time.Millisecond))
		s, err := Open(t.Context(), path, Options{})
		require.NoError(t, err, "kill %d", i)
		g, err := graph.Open(t.Context(), s)
		require.NoError(t, err)
		n := pairs(g.Snapshot())
		require.NoError(t, g.Close())
		require.GreaterOrEqual(t, n, acknowledged, "kill %d", i)
		require.LessOrEqual(t, n, acknowledged+1)
		acknowledged = n
	}
	t.Logf("%d kills, %d pairs of findings", kills(), acknowledged)
	assert.Positive(t, acknowledged)
}

func TestOtherProcess(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	cmd, lines := start(t, "hold", path)
	require.True(t, lines.Scan())
	require.Equal(t, "holding", lines.Text())
	_, err := Open(t.Context(), path, Options{Wait: -1})
	assert.ErrorIs(t, err, store.ErrInUse)
	require.NoError(t, cmd.Process.Kill())
	_ = cmd.Wait()
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err, "a dead process holds nothing")
	require.NoError(t, s.Close())
}

// A full disk is told, leaves what was there, and the store goes on when
// there is room again. The disk is a limit on the file's size.
func TestFull(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	s, err := Open(t.Context(), path, Options{})
	require.NoError(t, err)
	_, err = s.Write(t.Context(), store.State{}, nil, quadsOf(0, 100))
	require.NoError(t, err)
	require.NoError(t, s.Close())
	cmd, lines := start(t, "full", path)
	var said []string
	for lines.Scan() {
		said = append(said, lines.Text())
	}
	require.NoError(t, cmd.Wait(), said)
	require.Len(t, said, 2, said)
	assert.Contains(t, said[0], store.ErrFull.Error())
	s, err = Open(t.Context(), path, Options{})
	require.NoError(t, err)
	got, _, err := s.Read(t.Context())
	require.NoError(t, err)
	assert.Len(t, got, 3100)
	require.NoError(t, s.Close())
}
