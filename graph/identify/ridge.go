package identify

import (
	"context"
	"math"
	"runtime"
	"sync"
)

// matrix is square, row by row.
type matrix [][]float64

func newMatrix(n int) matrix {
	all := make([]float64, n*n)
	m := make(matrix, n)
	for i := range m {
		m[i] = all[i*n : (i+1)*n : (i+1)*n]
	}
	return m
}

func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	i := 0
	b = b[:len(a)]
	for ; i+4 <= len(a); i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	for ; i < len(a); i++ {
		s0 += a[i] * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}

// cholesky makes of a symmetric positive definite matrix, in place, the lower
// triangular L with L·Lᵀ equal to it. The upper part stays as it was.
func cholesky(ctx context.Context, m matrix) error {
	const block = 48
	for from := 0; from < len(m); from += block {
		if err := ctx.Err(); err != nil {
			return err
		}
		to := min(from+block, len(m))
		for i := from; i < to; i++ {
			for j := from; j <= i; j++ {
				v := m[i][j] - dot(m[i][:j], m[j][:j])
				if i == j {
					m[i][i] = math.Sqrt(v)
				} else {
					m[i][j] = v / m[j][j]
				}
			}
		}
		parallel(len(m)-to, func(k int) {
			row := m[to+k]
			for j := from; j < to; j++ {
				row[j] = (row[j] - dot(row[:j], m[j][:j])) / m[j][j]
			}
		})
	}
	return nil
}

// solve returns x with L·Lᵀ·x = b.
func (l matrix) solve(b []float64) []float64 {
	x := make([]float64, len(b))
	for i := range x {
		x[i] = (b[i] - dot(l[i][:i], x[:i])) / l[i][i]
	}
	for i := len(x) - 1; i >= 0; i-- {
		x[i] /= l[i][i]
		row, v := l[i], x[i]
		for j := range i {
			x[j] -= row[j] * v
		}
	}
	return x
}

// parallel calls f for 0 to n-1, each once, in any order.
func parallel(n int, f func(int)) {
	workers := min(runtime.GOMAXPROCS(0), n)
	if workers < 2 {
		for i := range n {
			f(i)
		}
		return
	}
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for i := w; i < n; i += workers {
				f(i)
			}
		})
	}
	wg.Wait()
}
