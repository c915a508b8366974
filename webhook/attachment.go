package webhook

import (
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Attachment is a part of a multimedia message. The sender chose its type and its name:
// to store it in a file, use [Attachment.FileName].
type Attachment struct {
	ContentType string `json:"content_type,omitzero"`  // the media type, such as "image/jpeg"
	Name        string `json:"original_name,omitzero"` // the file's name; untrusted input
	Content     []byte `json:"content,omitempty"`      // the decoded content
}

// maxFileNameBytes leaves room for a prefix that the receiver adds.
const maxFileNameBytes = 100

// extensions maps the media types that phones send to file extensions. Every other type
// gets .bin, including those that a browser would run, such as text/html and image/svg+xml.
var extensions = map[string]string{
	"application/pdf":  ".pdf",
	"application/smil": ".smil",
	"audio/aac":        ".aac",
	"audio/amr":        ".amr",
	"audio/mp4":        ".m4a",
	"audio/mpeg":       ".mp3",
	"audio/ogg":        ".ogg",
	"audio/wav":        ".wav",
	"image/bmp":        ".bmp",
	"image/gif":        ".gif",
	"image/heic":       ".heic",
	"image/jpeg":       ".jpg",
	"image/jpg":        ".jpg",
	"image/png":        ".png",
	"image/tiff":       ".tiff",
	"image/webp":       ".webp",
	"text/calendar":    ".ics",
	"text/plain":       ".txt",
	"text/vcard":       ".vcf",
	"text/x-vcard":     ".vcf",
	"video/3gpp":       ".3gp",
	"video/3gpp2":      ".3g2",
	"video/mp4":        ".mp4",
	"video/mpeg":       ".mpeg",
	"video/quicktime":  ".mov",
	"video/webm":       ".webm",
}

// FileName returns a file name of at most 100 bytes that is safe on every operating system.
// It consists of the last element of Name, without control characters and separators, and
// of the extension of ContentType. If ContentType is not common in messages, the extension
// is .bin. The result is never a name that a system reserves.
//
// Two attachments can have the same file name. FileName does not check that the content
// is of the type that ContentType claims.
func (a Attachment) FileName() string {
	mediaType, _, _ := mime.ParseMediaType(a.ContentType)
	extension, ok := extensions[mediaType]
	if !ok {
		extension = ".bin"
	}
	name := a.Name[strings.LastIndexAny(a.Name, `/\`)+1:]
	if dot := strings.LastIndexByte(name, '.'); dot >= 0 {
		name = name[:dot]
	}
	name = strings.Trim(strings.Map(safeRune, name), "_- ")
	if len(name) > maxFileNameBytes-len(extension) {
		name = name[:maxFileNameBytes-len(extension)]
		for !utf8.ValidString(name) {
			name = name[:len(name)-1]
		}
	}
	if name == "" || isReservedName(name) {
		name = strings.TrimRight("attachment-"+name, "-")
	}
	return name + extension
}

// safeRune keeps letters and digits, with their marks. It replaces a dot, since some servers
// execute a file by the first of two extensions.
func safeRune(r rune) rune {
	switch {
	case r == '-', r == '_', r == ' ', r == '(', r == ')', r == '+':
		return r
	case r == utf8.RuneError, !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So):
		return '_'
	}
	return r
}

// isReservedName reports whether the name is that of a Windows device.
func isReservedName(name string) bool {
	upper := strings.ToUpper(name)
	switch upper {
	case "CON", "PRN", "AUX", "NUL", "CONIN$", "CONOUT$":
		return true
	}
	digit, isPort := strings.CutPrefix(upper, "COM")
	if !isPort {
		digit, isPort = strings.CutPrefix(upper, "LPT")
	}
	return isPort && utf8.RuneCountInString(digit) == 1
}
