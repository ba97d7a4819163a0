package main

import (
	"fmt"
	"os"

	"github.com/repdesk/repdesk/api"
)

// openAPICommand prints the contract, or writes it into a file: the ones kept in the repository come from here.
type openAPICommand struct {
	V30    bool   `name:"3.0" help:"Version 3.0.3, for generators that do not read 3.1."`
	Enums  bool   `help:"Close the enumerations, for generators of clients that keep a place for later words by themselves."`
	Output string `short:"o" type:"path" placeholder:"FILE" help:"Write to a file."`
}

func (c *openAPICommand) Run(to output) error {
	contract := api.New(api.Config{}) // no operation is called, so that there need not be a store
	document := contract.OpenAPI31()
	if c.V30 {
		document = contract.OpenAPI30()
	}
	if c.Enums {
		document = api.ClosedEnums(document)
	}
	if c.Output != "" {
		return os.WriteFile(c.Output, document, 0o644)
	}
	_, err := fmt.Fprintf(to.out, "%s", document)
	return err
}
