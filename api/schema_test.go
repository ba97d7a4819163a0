package api

import "testing"

// TestSchemaAbouts are about schemas that are there.
func TestSchemaAbouts(t *testing.T) {
	schemas := New(Config{}).Document().Components.Schemas.Map()
	for name := range schemaAbouts {
		if schemas[name] == nil {
			t.Errorf("there is no schema %s", name)
		}
	}
}
