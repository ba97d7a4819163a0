package repdesk_test

import (
	"context"
	"fmt"
	"log"

	repdesk "github.com/repdesk/repdesk/clients/go"
)

// From nothing to the first invitation.
func Example() {
	url, end := demo()
	defer end()

	ctx := context.Background()
	nobody, err := repdesk.New(url, "")
	if err != nil {
		log.Fatal(err)
	}
	in, err := nobody.LogInWithResponse(ctx, repdesk.LogInRequest{
		Username: "ana", Password: "demo password", Device: repdesk.Device{Platform: repdesk.PlatformScript}})
	if err != nil {
		log.Fatal(err)
	}
	ana, _ := repdesk.New(url, in.JSON201.Token)
	mine, err := ana.ListSessionsWithResponse(ctx, &repdesk.ListSessionsParams{Mine: new(repdesk.SessionPartOwner)})
	if err != nil {
		log.Fatal(err)
	}
	invited, err := ana.InviteWithResponse(ctx, mine.JSON200.Items[0].ID, repdesk.InviteRequest{RepID: new("@ben")})
	if p, refused := repdesk.AsProblem(err); refused && p.Code == repdesk.ProblemCodeRepNotAvailable {
		log.Fatal("Ben is not there: ", p)
	}
	fmt.Println(invited.JSON201.Rep.Name, "is invited, and the invitation is", invited.JSON201.State)
	// Output: Ben Okafor is invited, and the invitation is active
}
