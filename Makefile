# The README says how to start and how to test; this holds the rest.

.PHONY: build lint openapi contract clients bench bench-store soak

build:
	go build -o repdesk ./cmd/repdesk

lint:
	@test -z "$$(gofmt -l .)" || { echo "not formatted:"; gofmt -l .; exit 1; }
	go vet ./...
	go run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

# After a change of an operation: its example, as the server answers now, and the published contract.
openapi:
	REPDESK_EXAMPLES=1 go test ./api -count 1 -run '^TestExamples$$'
	go run ./cmd/repdesk openapi --output openapi/openapi.yaml
	go run ./cmd/repdesk openapi --3.0 --output openapi/openapi-3.0.yaml

# What looks at the published contract: its style, and whether it breaks clients of an earlier one. Needs npm.
contract:
	cd openapi && npm ci --silent --no-audit --no-fund && npm run --silent lint
	openapi/breaking

# The generated parts of the clients, after `make openapi`. Needs Java, Maven, Perl and npm.
clients:
	clients/generate

# How fast the desk is, as one table; `./repdesk bench --help` says what can be chosen. A quiet machine, and some minutes.
bench: build
	./repdesk bench

# Parts of the store by themselves, on both engines: the Share menu, queues by every sort, taking the next, removing old rows.
bench-store:
	go test ./store ./api -run '^$$' -bench . -timeout 60m

# The store against its model: longer sequences, and more of them, than a test run tries. It is stopped after an hour.
# Before it, snapshots and streams in a storm of 50,000 actions and 1,000 cut connections on each engine, where a test run has 2,000;
# and faults under load, 6 times as many as in a test run: servers that are killed 30 times, a disk that is full 12 times, PostgreSQL
# restarted 12 times, 6,000 dropped connections, a storm on one session; and, as often as there, 1,000 readers who take nothing.
soak:
	REPDESK_FAULTS=6 go test ./cmd/repdesk -run "TestCrashes|TestFault" -count 1 -v -timeout 40m
	REPDESK_STORM=50000 go test ./api -run TestH2SnapshotThenEvents -count 1 -v -timeout 40m
	go test ./store -run TestModel -count 1 -timeout 60m -rapid.checks 500 -rapid.steps 100
