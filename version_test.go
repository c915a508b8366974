package messagemedia

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestVersionFrom(t *testing.T) {
	t.Parallel()
	other := &debug.Module{Path: "github.com/stretchr/testify", Version: "v1.12.1"}
	for name, test := range map[string]struct {
		info *debug.BuildInfo
		want string
	}{
		"a program that imports a release":               {&debug.BuildInfo{Deps: []*debug.Module{other, {Path: modulePath, Version: "v1.2.3"}}}, "1.2.3"},
		"a program that imports a commit":                {&debug.BuildInfo{Deps: []*debug.Module{{Path: modulePath, Version: "v0.0.0-20261125225500-64c1abd00000"}}}, "0.0.0-20261125225500-64c1abd00000"},
		"a program that replaces the SDK by a directory": {&debug.BuildInfo{Deps: []*debug.Module{{Path: modulePath, Version: "v1.2.3", Replace: &debug.Module{Path: "../sdk"}}}}, releaseVersion},
		"a workspace":              {&debug.BuildInfo{Deps: []*debug.Module{{Path: modulePath, Version: "(devel)"}}}, releaseVersion},
		"a program in this module": {&debug.BuildInfo{Main: debug.Module{Path: modulePath, Version: "(devel)"}, Deps: []*debug.Module{other}}, releaseVersion},
		"no build information":     {nil, releaseVersion},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assert.Equal(t, test.want, versionFrom(test.info))
		})
	}
}
