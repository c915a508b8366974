package messagemedia

import (
	"runtime/debug"
	"strings"
	"sync"
)

const (
	modulePath = "github.com/messagemedia/webhooks-go-sdk"

	// releaseVersion is the version if the build does not record one, as in a checkout or
	// with a replace directive.
	releaseVersion = "0.1.0"
)

// version returns the SDK's version, without the v.
var version = sync.OnceValue(func() string {
	info, _ := debug.ReadBuildInfo()
	return versionFrom(info)
})

// versionFrom returns the version of this module in a build, or releaseVersion.
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
