package main

import (
	"fmt"
	"strings"

	"github.com/mitigraph/mitigraph/graph"
)

// devicesOf are the devices of the site that a finding is on.
func devicesOf(f graph.FindingResult) []string {
	if len(f.Devices) > 0 || f.Device == "" {
		return f.Devices
	}
	return []string{f.Device}
}

// device is what people call a device.
func (w *walk) device(id string) string {
	for _, d := range w.site.Devices {
		if d.ID == id && d.Name != "" {
			return d.Name
		}
	}
	return id
}

func (w *walk) devices(ids []string) string {
	var names []string
	for _, id := range ids {
		names = append(names, w.device(id))
	}
	return enumerate(names)
}

// techniques writes IDs with their names.
func (w *walk) techniques(ids []string) string {
	var names []string
	for _, id := range ids {
		name := id
		if r, err := w.now.Catalog().Resolve(id); err == nil {
			name = r.Object.Common().ID + " " + w.now.Catalog().FullName(r.Object)
		}
		names = append(names, name)
	}
	return enumerate(names)
}

// enumerate joins words as a sentence does.
func enumerate(words []string) string {
	switch n := len(words); n {
	case 0:
		return "nothing"
	case 1:
		return words[0]
	default:
		return strings.Join(words[:n-1], ", ") + " and " + words[n-1]
	}
}

func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
