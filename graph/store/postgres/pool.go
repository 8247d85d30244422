package postgres

import (
	"context"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/mitigraph/mitigraph/graph/store"
)

const (
	maxConnections = 4
	// farewell is how long to wait for a server that takes no leave.
	farewell = 2 * time.Second
)

// pool keeps connections for later calls. One that the server ended meanwhile
// is told from one that works before anything relies on it.
type pool struct {
	config *pgx.ConnConfig
	slots  chan struct{} // one token for each connection in use
	closed chan struct{}

	mu     sync.Mutex
	idle   []*pgx.Conn
	ending []<-chan struct{} // of connections that broke and are being cleared away
}

func newPool(c *pgx.ConnConfig) *pool {
	return &pool{config: c, slots: make(chan struct{}, maxConnections), closed: make(chan struct{})}
}

func (p *pool) isClosed() bool {
	select {
	case <-p.closed:
		return true
	default:
		return false
	}
}

// get returns a connection that works. It belongs to the caller until put.
func (p *pool) get(ctx context.Context) (*pgx.Conn, error) {
	if p.isClosed() {
		return nil, store.ErrClosed
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, store.ErrClosed
	case p.slots <- struct{}{}:
	}
	conn, err := p.take(ctx)
	if err != nil {
		<-p.slots
		return nil, err
	}
	return conn, nil
}

func (p *pool) take(ctx context.Context) (*pgx.Conn, error) {
	for {
		if p.isClosed() {
			return nil, store.ErrClosed
		}
		conn := p.pop()
		if conn == nil {
			return pgx.ConnectConfig(ctx, p.config)
		}
		err := conn.Ping(ctx)
		if err == nil {
			return conn, nil
		}
		p.end(conn)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
	}
}

func (p *pool) pop() *pgx.Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) == 0 {
		return nil
	}
	conn := p.idle[len(p.idle)-1]
	p.idle = p.idle[:len(p.idle)-1]
	return conn
}

// put takes a connection back.
func (p *pool) put(conn *pgx.Conn) {
	if conn.IsClosed() || conn.PgConn().TxStatus() != 'I' {
		p.end(conn)
	} else {
		p.mu.Lock()
		p.idle = append(p.idle, conn)
		p.mu.Unlock()
	}
	<-p.slots
}

// end closes a connection, or notes that it broke.
func (p *pool) end(conn *pgx.Conn) {
	if !conn.IsClosed() {
		ctx, cancel := context.WithTimeout(context.Background(), farewell)
		defer cancel()
		_ = conn.Close(ctx) // it is given up in any case
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	still := p.ending[:0]
	for _, done := range p.ending {
		select {
		case <-done:
		default:
			still = append(still, done)
		}
	}
	p.ending = append(still, conn.PgConn().CleanupDone())
}

// close waits for the calls that are at work.
func (p *pool) close() {
	p.mu.Lock()
	if p.isClosed() {
		p.mu.Unlock()
		return
	}
	close(p.closed)
	p.mu.Unlock()
	for range cap(p.slots) {
		p.slots <- struct{}{}
	}
	for conn := p.pop(); conn != nil; conn = p.pop() {
		p.end(conn)
	}
	late := time.After(farewell)
	for _, done := range p.ending {
		select {
		case <-done:
		case <-late:
			return
		}
	}
}
