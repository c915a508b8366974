package webhook

import (
	"mime"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Attachment is a part of a multimedia message. Its type and its name were chosen by
// whoever sent it: use [Attachment.FileName] for a file.
type Attachment struct {
	ContentType string `json:"content_type,omitzero"`  // the media type, such as "image/jpeg"
	Name        string `json:"original_name,omitzero"` // the file's name; untrusted
	Content     []byte `json:"content,omitempty"`      // decoded
}

// maxFileNameBytes leaves room for a prefix of the receiver's.
const maxFileNameBytes = 100

// extensions are those of what phones send. A type that is not listed gets .bin, those
// that a browser would run, such as text/html and image/svg+xml, included.
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

// FileName returns a name that is safe for a file on every system: the last element of
// Name without control characters, separators and what a system reserves, at most 100
// bytes, and the extension of ContentType, .bin for a type that is not usual in messages.
// Two attachments can have the same file name. The content may still not be what its
// type says.
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

// safeRune keeps letters and digits, with their marks. A dot would make a second
// extension, which some servers run.
func safeRune(r rune) rune {
	switch {
	case r == '-', r == '_', r == ' ', r == '(', r == ')', r == '+':
		return r
	case r == utf8.RuneError, !unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.So):
		return '_'
	}
	return r
}

// isReservedName reports whether Windows takes a name for a device.
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
