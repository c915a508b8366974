// Docs checks the links of the module's documentation. In Markdown files, the files, anchors and
// `go doc` targets must exist. In Go documentation, pkg.go.dev must turn each [Name] into a link.
//
//	go -C .ci/docs run . ../..
package main

import (
	"fmt"
	"go/ast"
	"go/doc"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"unicode"

	"github.com/yuin/goldmark"
	markdown "github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: docs DIRECTORY")
		os.Exit(2)
	}
	if err := os.Chdir(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	c := &checker{pages: make(map[string]*page)}
	for _, file := range tracked("*.md") {
		c.checkPage(file)
	}
	for _, directory := range packages() {
		c.checkPackage(directory)
	}
	fmt.Printf("%d links in Markdown, %d in Go documentation\n", c.links, c.names)
	if c.links == 0 || c.names == 0 {
		c.report("docs", "no links found: the check itself is broken")
	}
	if c.broken {
		os.Exit(1)
	}
}

// tracked returns the files that match a pattern, except those that git ignores.
func tracked(pattern string) []string {
	output, err := exec.Command("git", "ls-files", "-co", "--exclude-standard", pattern).Output()
	if err != nil {
		fmt.Fprintln(os.Stderr, "git ls-files:", err)
		os.Exit(2)
	}
	return strings.Fields(string(output))
}

// packages returns the directories of the packages that users can import.
func packages() []string {
	var directories []string
	for _, file := range tracked("*.go") {
		directory := filepath.Dir(file)
		public := !strings.HasSuffix(file, "_test.go") && !regexp.MustCompile(`(^|/)(internal|cmd|examples|\.ci)/`).MatchString(file)
		if public && (len(directories) == 0 || directories[len(directories)-1] != directory) {
			directories = append(directories, directory)
		}
	}
	return directories
}

type checker struct {
	pages        map[string]*page
	links, names int
	broken       bool
}

func (c *checker) report(place, format string, args ...any) {
	c.broken = true
	fmt.Printf("%s: %s\n", place, fmt.Sprintf(format, args...))
}

// page has the links, the go doc commands and the anchors of a Markdown file.
type page struct {
	links    []string
	commands []string
	anchors  map[string]bool
}

func (c *checker) read(file string) *page {
	if p := c.pages[file]; p != nil {
		return p
	}
	p := &page{anchors: make(map[string]bool)}
	c.pages[file] = p
	source, err := os.ReadFile(file)
	if err != nil {
		c.report(file, "%v", err)
		return p
	}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = markdown.Walk(root, func(node markdown.Node, entering bool) (markdown.WalkStatus, error) {
		if !entering {
			return markdown.WalkContinue, nil
		}
		switch n := node.(type) {
		case *markdown.Heading:
			p.addAnchor(textOf(n, source))
		case *markdown.Link:
			p.links = append(p.links, string(n.Destination))
		case *markdown.Image:
			p.links = append(p.links, string(n.Destination))
		case *markdown.CodeSpan:
			if code := textOf(n, source); strings.HasPrefix(code, "go doc ") {
				p.commands = append(p.commands, code)
			}
		}
		return markdown.WalkContinue, nil
	})
	return p
}

// textOf returns the text of a node without markup.
func textOf(node markdown.Node, source []byte) string {
	var s strings.Builder
	for child := node.FirstChild(); child != nil; child = child.NextSibling() {
		if t, ok := child.(*markdown.Text); ok {
			s.Write(t.Segment.Value(source))
			continue
		}
		s.WriteString(textOf(child, source))
	}
	return s.String()
}

// addAnchor adds the anchor that GitHub generates for a heading.
func (p *page) addAnchor(heading string) {
	anchor := strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case r == '-', r == '_', unicode.IsLetter(r), unicode.IsDigit(r):
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
	for n := 1; p.anchors[anchor]; n++ {
		anchor = fmt.Sprintf("%s-%d", anchor, n)
	}
	p.anchors[anchor] = true
}

func (c *checker) checkPage(file string) {
	page := c.read(file)
	for _, link := range page.links {
		c.links++
		u, err := url.Parse(link)
		if err != nil {
			c.report(file, "link %q: %v", link, err)
			continue
		}
		if u.IsAbs() {
			continue // links to other sites are not checked
		}
		target := file
		if u.Path != "" {
			target = filepath.Join(filepath.Dir(file), filepath.FromSlash(u.Path))
		}
		if _, err := os.Stat(target); err != nil {
			c.report(file, "link %q: no such file", link)
			continue
		}
		if u.Fragment != "" && !c.read(target).anchors[u.Fragment] {
			c.report(file, "link %q: %s has no such heading", link, target)
		}
	}
	for _, command := range page.commands {
		c.links++
		if output, err := exec.Command("go", strings.Fields(command)[1:]...).CombinedOutput(); err != nil {
			c.report(file, "%s: %s", command, strings.TrimSpace(string(output)))
		}
	}
}

// unresolved matches text that looks like a doc link.
var unresolved = regexp.MustCompile(`\[\*?[A-Za-z]\w*(\.\w+)*\]`)

func (c *checker) checkPackage(directory string) {
	set := token.NewFileSet()
	var files []*ast.File
	names, _ := filepath.Glob(filepath.Join(directory, "*.go"))
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.ParseComments)
		if err != nil {
			c.report(name, "%v", err)
			return
		}
		files = append(files, file)
	}
	p, err := doc.NewFromFiles(set, files, directory)
	if err != nil {
		c.report(directory, "%v", err)
		return
	}
	check := func(place, text string) { c.checkComment(directory+": "+place, p.Parser().Parse(text)) }
	check("package documentation", p.Doc)
	for _, f := range p.Funcs {
		check(f.Name, f.Doc)
	}
	for _, t := range p.Types {
		check(t.Name, t.Doc)
		for _, f := range append(t.Funcs, t.Methods...) {
			check(t.Name+"."+f.Name, f.Doc)
		}
	}
	for _, v := range append(p.Consts, p.Vars...) {
		check(strings.Join(v.Names, ", "), v.Doc)
	}
}

func (c *checker) checkComment(place string, d *comment.Doc) {
	visit := func(texts []comment.Text) {
		for _, t := range texts {
			switch t := t.(type) {
			case *comment.DocLink:
				c.names++
			case comment.Plain:
				for _, found := range unresolved.FindAllString(string(t), -1) {
					c.report(place, "%s is not a link", found)
				}
			}
		}
	}
	var blocks func(content []comment.Block)
	blocks = func(content []comment.Block) {
		for _, block := range content {
			switch b := block.(type) {
			case *comment.Paragraph:
				visit(b.Text)
			case *comment.List:
				for _, item := range b.Items {
					blocks(item.Content)
				}
			}
		}
	}
	blocks(d.Content)
}
