package page

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"strconv"
)

// update has the changed exchanges.
type update struct {
	Reset     bool      `json:"reset"` // whether the page must delete its exchanges
	Kept      int       `json:"kept"`
	Exchanges []summary `json:"exchanges"`
}

func newUpdate(c changes) update {
	u := update{Reset: c.reset, Kept: c.kept, Exchanges: []summary{}}
	for _, e := range c.exchanges {
		u.Exchanges = append(u.Exchanges, e.summary())
	}
	return u
}

func (p *page) serveTraffic(w http.ResponseWriter, r *http.Request) {
	respond(w, http.StatusOK, newUpdate(p.Traffic.since(0)))
}

// serveStream sends an update at once and after each change. For a slow page, one update
// combines several changes.
func (p *page) serveStream(w http.ResponseWriter, r *http.Request) {
	changed, stop := p.Traffic.watch()
	defer stop()
	w.Header().Set("Content-Type", "text/event-stream")
	version := int64(0)
	for {
		c := p.Traffic.since(version)
		data, err := json.Marshal(newUpdate(c))
		if err != nil {
			return
		}
		fmt.Fprintf(w, "data: %s\n\n", data)
		if err := http.NewResponseController(w).Flush(); err != nil {
			return
		}
		version = c.version
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

func (p *page) serveExchange(w http.ResponseWriter, r *http.Request) {
	if e := p.exchangeOf(w, r); e != nil {
		respond(w, http.StatusOK, p.details(e, baseURL(r)))
	}
}

// exchangeOf returns the exchange of a request. If the exchange does not exist,
// exchangeOf writes an error response and returns nil.
func (p *page) exchangeOf(w http.ResponseWriter, r *http.Request) *exchange {
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if e := p.Traffic.find(id); err == nil && e != nil {
		return e
	}
	respondError(w, http.StatusNotFound, fmt.Sprintf("no exchange with the ID %q; the server keeps the last %d", r.PathValue("id"), maxKept))
	return nil
}

// serveAttachment sends a file as a download. A browser must not display it, because its
// content is untrusted.
func (p *page) serveAttachment(w http.ResponseWriter, r *http.Request) {
	e := p.exchangeOf(w, r)
	if e == nil {
		return
	}
	files := e.attachments()
	number, err := strconv.Atoi(r.PathValue("number"))
	if err != nil || number < 0 || number >= len(files) {
		respondError(w, http.StatusNotFound, fmt.Sprintf("the exchange has %d attachments, counted from 0", len(files)))
		return
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": files[number].FileName()}))
	w.Header().Set("Content-Security-Policy", "sandbox")
	w.Write(files[number].Content)
}

func (p *page) resend(w http.ResponseWriter, r *http.Request) {
	e := p.exchangeOf(w, r)
	if e == nil {
		return
	}
	if e.delivery == nil {
		respondError(w, http.StatusBadRequest, "only a delivery can be sent again; copy an API call as a curl command")
		return
	}
	duplicate, err := p.API.Resend(context.WithoutCancel(r.Context()), e.delivery.Delivery, p.SendOptions...)
	if err != nil {
		respondError(w, http.StatusBadRequest, err.Error())
		return
	}
	// The result omits the request and its response, because reading those needs the token.
	respond(w, http.StatusOK, struct {
		Acknowledged bool   `json:"acknowledged"`
		Attempts     int    `json:"attempts"`
		Error        string `json:"error,omitzero"`
	}{duplicate.Acknowledged(), len(duplicate.Attempts), text(duplicate.Err)})
}

func (p *page) clear(w http.ResponseWriter, r *http.Request) {
	p.Traffic.Clear()
	w.WriteHeader(http.StatusNoContent)
}
