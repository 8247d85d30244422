package examples_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"go/ast"
	"go/doc"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Verbs whose examples compile and are not run: they need a server, or seconds.
var unrun = map[string]bool{
	"(*genai/ollama.Writer).Probe":    true,
	"genai/ollama.NewEmbedder":        true,
	"graph/store/postgres.Open":       true,
	"(*graph.Snapshot).TryCandidates": true,
}

// Methods that are called by what prints, compares or encodes, not by name.
var quiet = map[string]bool{"Error": true, "Unwrap": true, "String": true, "Len": true, "MarshalJSON": true, "UnmarshalJSON": true}

// Each function and method that a program can call is called in the body of an
// example with output, in its own package. The methods that make a type one of
// an interface are called by the interface's package and need none.
func TestVerbs(t *testing.T) {
	packages, imports := listed(t)
	var interfaces []*types.Interface
	for _, p := range packages {
		pkg, err := imports.Import(p.ImportPath)
		require.NoError(t, err)
		interfaces = append(interfaces, interfacesOf(append(pkg.Imports(), pkg))...)
	}
	met := 0
	for _, p := range packages {
		pkg, err := imports.Import(p.ImportPath)
		require.NoError(t, err)
		printed, compiled := shown(t, p, imports)
		for _, verb := range verbs(pkg, interfaces) {
			name := strings.ReplaceAll(verb.FullName(), module+"/", "")
			switch {
			case unrun[name]:
				met++
				assert.True(t, compiled[verb.FullName()], "%s is in no example", name)
				assert.False(t, printed[verb.FullName()], "%s is in an example with output: it is no exception", name)
			default:
				assert.True(t, printed[verb.FullName()], "%s is in no example with output", name)
			}
		}
	}
	assert.Len(t, unrun, met, "an exception names no verb")
}

type listing struct {
	Name, ImportPath, Dir, Export, ForTest string
	Module                                 *struct{ Path string }
	GoFiles, TestGoFiles, XTestGoFiles     []string
}

// listed returns the packages of the module that a program can import, and
// what imports these and all that they and their tests need.
func listed(t *testing.T) ([]listing, types.Importer) {
	t.Helper()
	list := exec.CommandContext(t.Context(), "go", "list", "-export", "-deps", "-test",
		"-json=Name,ImportPath,Dir,Export,ForTest,Module,GoFiles,TestGoFiles,XTestGoFiles", module+"/...")
	var stderr bytes.Buffer
	list.Stderr = &stderr
	out, err := list.Output()
	require.NoError(t, err, stderr.String())
	var public []listing
	exports := map[string]string{}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listing
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else {
			require.NoError(t, err)
		}
		if p.ForTest != "" {
			continue
		}
		exports[p.ImportPath] = p.Export
		if p.Module != nil && p.Module.Path == module && p.Name != "main" && importable(p.ImportPath) && len(p.GoFiles) > 0 {
			public = append(public, p)
		}
	}
	require.NotEmpty(t, public)
	return public, importer.ForCompiler(token.NewFileSet(), "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})
}

// importable is false for what only this module's own code imports.
func importable(path string) bool {
	return !strings.Contains(path, "/internal/") && !strings.HasSuffix(path, "/storetest") && !strings.Contains(path, "/data/gen")
}

// verbs returns the functions and methods of a package that are called by name.
func verbs(pkg *types.Package, interfaces []*types.Interface) []*types.Func {
	var all []*types.Func
	for _, name := range pkg.Scope().Names() {
		o := pkg.Scope().Lookup(name)
		if !o.Exported() {
			continue
		}
		if f, ok := o.(*types.Func); ok {
			all = append(all, f)
			continue
		}
		of, ok := o.Type().(*types.Named)
		if _, isType := o.(*types.TypeName); !ok || !isType {
			continue
		}
		for m := range of.Methods() {
			if m.Exported() && !quiet[m.Name()] && !wanted(m, of, interfaces) {
				all = append(all, m)
			}
		}
	}
	return all
}

func interfacesOf(packages []*types.Package) []*types.Interface {
	var all []*types.Interface
	for _, p := range packages {
		for _, name := range p.Scope().Names() {
			if t, ok := p.Scope().Lookup(name).(*types.TypeName); ok {
				if i, ok := t.Type().Underlying().(*types.Interface); ok && i.IsMethodSet() {
					all = append(all, i)
				}
			}
		}
	}
	return all
}

// wanted is true for a method of an interface that its type implements.
func wanted(m *types.Func, of *types.Named, interfaces []*types.Interface) bool {
	for _, i := range interfaces {
		if types.Implements(types.NewPointer(of), i) {
			if found, _, _ := types.LookupFieldOrMethod(i, false, m.Pkg(), m.Name()); found != nil {
				return true
			}
		}
	}
	return false
}

// shown returns the full names of what the examples of a package call in
// their bodies: in those that print, and in all.
func shown(t *testing.T, p listing, imports types.Importer) (printed, compiled map[string]bool) {
	t.Helper()
	printed, compiled = map[string]bool{}, map[string]bool{}
	for _, names := range [][]string{append(p.GoFiles, p.TestGoFiles...), p.XTestGoFiles} {
		fset := token.NewFileSet()
		var files []*ast.File
		for _, name := range names {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.ParseComments)
			require.NoError(t, err)
			files = append(files, f)
		}
		info := types.Info{Uses: map[*ast.Ident]types.Object{}}
		// Errors are for the compiler to tell: what a test reaches by way of
		// export_test.go is not in what is imported here.
		conf := types.Config{Importer: imports, Error: func(error) {}}
		conf.Check(p.ImportPath, fset, files, &info)
		for _, e := range doc.Examples(files...) {
			ast.Inspect(e.Code, func(n ast.Node) bool {
				id, ok := n.(*ast.Ident)
				if !ok {
					return true
				}
				if f, ok := info.Uses[id].(*types.Func); ok {
					compiled[f.Origin().FullName()] = true
					if e.Output != "" || e.EmptyOutput {
						printed[f.Origin().FullName()] = true
					}
				}
				return true
			})
		}
	}
	return printed, compiled
}
