package finding

import (
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzScan compares with the standard decoder, which keeps the last member of
// a name.
func FuzzScan(f *testing.F) {
	for _, s := range []string{
		`{}`, `[]`, ` { "a" : 1 , "b":[1,2 , {"c":"}]"}],"a\"\u00e9":"\\", "":null } `, `[1 ,"x\\",{"a":[]},[[]],true,-1.5e3]`, `7`, `{"a":1}`, `[1]`, "[\n\"\\\"]\"\n]",
	} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if !json.Valid(b) || !utf8.Valid(b) {
			return
		}
		var object map[string]json.RawMessage
		if json.Unmarshal(b, &object) == nil && object != nil {
			got := map[string]json.RawMessage{}
			for name, value := range eachMember(b) {
				got[name] = value
			}
			require.Len(t, got, len(object))
			for name := range object {
				assert.JSONEq(t, string(object[name]), string(got[name]))
			}
		}
		var array []json.RawMessage
		if json.Unmarshal(b, &array) == nil && array != nil {
			n := 0
			for i, value := range eachElement(b) {
				require.Less(t, i, len(array))
				assert.JSONEq(t, string(array[i]), string(value))
				n++
			}
			assert.Len(t, array, n)
		}
		var s string
		if json.Unmarshal(b, &s) == nil && b[0] == '"' && b[len(b)-1] == '"' {
			assert.Equal(t, s, stringOf(b))
		}
	})
}
