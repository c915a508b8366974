//go:build ignore

// Command api lists the exported API of the module, a line for each thing that a
// program can use, so that two versions of it can be compared line by line. The
// script api beside it does that.
//
// A struct has a line for each field, a type one for each method: a new one is one
// more line. An interface that other packages can implement is one line, for a new
// method breaks those that do. Names of parameters are left out.
package main

import (
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("api: ")
	packages, exports := list()
	for _, p := range packages {
		fmt.Printf("%s\n", p.path)
		for _, line := range p.lines(exports) {
			fmt.Printf("\t%s\n", line)
		}
	}
}

// source is a package of the module that other modules can import.
type source struct {
	path  string
	files []string
}

// list asks the go command for the packages, and for the compiled ones that they import.
func list() ([]source, map[string]string) {
	const format = `{{.ImportPath}}|{{.Export}}|{{.Name}}|{{.Dir}}|{{if not .DepOnly}}{{join .GoFiles " "}}{{end}}`
	command := exec.Command("go", "list", "-export", "-deps", "-f", format, "./...")
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		log.Fatal(err)
	}
	var packages []source
	exports := make(map[string]string)
	for line := range strings.Lines(string(output)) {
		parts := strings.Split(strings.TrimSpace(line), "|")
		path, export, name, directory, files := parts[0], parts[1], parts[2], parts[3], strings.Fields(parts[4])
		exports[path] = export
		if len(files) == 0 || name == "main" || strings.Contains(path, "/internal/") {
			continue
		}
		for i := range files {
			files[i] = filepath.Join(directory, files[i])
		}
		packages = append(packages, source{path, files})
	}
	slices.SortFunc(packages, func(a, b source) int { return strings.Compare(a.path, b.path) })
	return packages, exports
}

func (s source) lines(exports map[string]string) []string {
	p := s.check(exports)
	var lines []string
	for _, name := range p.Scope().Names() {
		if object := p.Scope().Lookup(name); object.Exported() {
			lines = append(lines, describe(p, object)...)
		}
	}
	return lines
}

// check type-checks the package's declarations, without bodies and names of parameters.
func (s source) check(exports map[string]string) *types.Package {
	set := token.NewFileSet()
	var files []*ast.File
	for _, name := range s.files {
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			log.Fatal(err)
		}
		ast.Inspect(file, strip)
		files = append(files, file)
	}
	config := types.Config{IgnoreFuncBodies: true, Importer: importer.ForCompiler(set, "gc", func(path string) (io.ReadCloser, error) {
		return os.Open(exports[path])
	})}
	p, err := config.Check(s.path, set, files, nil)
	if err != nil {
		log.Fatal(err)
	}
	return p
}

// strip makes (a, b int) of a function (int, int).
func strip(n ast.Node) bool {
	function, ok := n.(*ast.FuncType)
	if !ok {
		return true
	}
	for _, list := range []*ast.FieldList{function.Params, function.Results} {
		if list == nil {
			continue
		}
		var unnamed []*ast.Field
		for _, field := range list.List {
			for range max(1, len(field.Names)) {
				unnamed = append(unnamed, &ast.Field{Type: field.Type})
			}
		}
		list.List = unnamed
	}
	return true
}

// describe returns the lines of an object.
func describe(p *types.Package, object types.Object) []string {
	switch object := object.(type) {
	case *types.Const:
		return []string{fmt.Sprintf("const %s %s = %s", object.Name(), text(p, object.Type()), object.Val().ExactString())}
	case *types.TypeName:
		return describeType(p, object)
	}
	return []string{types.ObjectString(object, relativeTo(p))} // func and var
}

func describeType(p *types.Package, name *types.TypeName) []string {
	if name.IsAlias() {
		return []string{types.ObjectString(name, relativeTo(p))}
	}
	head := "type " + strings.TrimPrefix(text(p, name.Type()), p.Name()+".")
	var lines []string
	switch underlying := name.Type().Underlying().(type) {
	case *types.Struct:
		lines = append(lines, head+" struct"+comparability(underlying))
		for field := range underlying.Fields() {
			if field.Exported() {
				lines = append(lines, fmt.Sprintf("%s struct, %s %s", head, field.Name(), text(p, field.Type())))
			}
		}
	case *types.Interface:
		return describeInterface(p, head, underlying)
	default:
		lines = append(lines, head+" "+text(p, underlying))
	}
	return append(lines, methods(p, name.Type())...)
}

// comparability is part of the API: == on a struct, or a map with it as a key, may
// stop to compile by an unexported field.
func comparability(s *types.Struct) string {
	if types.Comparable(s) {
		return ""
	}
	return " (not comparable)"
}

// describeInterface has a line for each method of an interface that no other
// package can implement.
func describeInterface(p *types.Package, head string, i *types.Interface) []string {
	closed := false
	var names []string
	for method := range i.Methods() {
		if !method.Exported() {
			closed = true
			continue
		}
		names = append(names, method.Name()+signature(p, method))
	}
	if !closed {
		return []string{fmt.Sprintf("%s interface { %s }", head, strings.Join(names, "; "))}
	}
	lines := []string{head + " interface (only this package implements it)"}
	for _, name := range names {
		lines = append(lines, head+" interface, "+name)
	}
	return lines
}

// methods are those of the pointer to a type, promoted ones included.
func methods(p *types.Package, t types.Type) []string {
	values := types.NewMethodSet(t)
	var lines []string
	for selection := range types.NewMethodSet(types.NewPointer(t)).Methods() {
		method, ok := selection.Obj().(*types.Func)
		if !ok || !method.Exported() {
			continue
		}
		receiver := "*" + text(p, t)
		if values.Lookup(p, method.Name()) != nil {
			receiver = text(p, t)
		}
		lines = append(lines, fmt.Sprintf("method (%s) %s%s", receiver, method.Name(), signature(p, method)))
	}
	return lines
}

func signature(p *types.Package, f *types.Func) string {
	return strings.TrimPrefix(text(p, f.Type()), "func")
}

func text(p *types.Package, t types.Type) string { return types.TypeString(t, relativeTo(p)) }

// relativeTo names other packages as their importers do.
func relativeTo(p *types.Package) types.Qualifier {
	return func(other *types.Package) string {
		if other == p {
			return ""
		}
		return other.Name()
	}
}
