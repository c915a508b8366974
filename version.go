package messagemedia

import (
	"runtime/debug"
	"strings"
	"sync"
)

const (
	modulePath = "github.com/messagemedia/webhooks-go-sdk"

	// releaseVersion is the version of a build that does not record one: a checkout, or a
	// module that a replace directive stands in for.
	releaseVersion = "0.1.0"
)

// version is the SDK's own version, without the v.
var version = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	return versionFrom(info)
})

// versionFrom returns the version that a program was built with, if the program
// imports this module as a dependency.
func versionFrom(info *debug.BuildInfo) string {
	if info == nil {
		return releaseVersion
	}
	for _, module := range info.Deps {
		if module.Path == modulePath && module.Replace == nil && strings.HasPrefix(module.Version, "v") {
			return module.Version[1:]
		}
	}
	return releaseVersion
}
