// Asks a server as Grafana's Pyroscope datasource does, with the client library that it uses: calls come as JSON from
// stdin, answers go as JSON to stdout. With -burn it is a program to profile instead: it burns one core.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"connectrpc.com/connect"
	"github.com/grafana/pyroscope/api/gen/proto/go/querier/v1/querierv1connect"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

type call struct {
	Method  string          `json:"method"`
	Request json.RawMessage `json:"request"`
}

type answer struct {
	Response json.RawMessage `json:"response,omitempty"`
	Code     string          `json:"code,omitempty"`
	Message  string          `json:"message,omitempty"`
}

func main() {
	url := flag.String("url", "", "of the server")
	asJSON := flag.Bool("json", false, "messages as JSON, gzip in both directions; else as protobuf")
	listen := flag.String("burn", "", "burn a core, and listen here for those who profile")
	flag.Parse()
	var err error
	if *listen != "" {
		err = burn(*listen)
	} else {
		err = ask(*url, *asJSON)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func ask(url string, asJSON bool) error {
	var options []connect.ClientOption
	if asJSON {
		options = append(options, connect.WithProtoJSON(), connect.WithSendGzip())
	}
	client := querierv1connect.NewQuerierServiceClient(&http.Client{Timeout: time.Minute}, url, options...)
	var calls []call
	if err := json.NewDecoder(os.Stdin).Decode(&calls); err != nil {
		return fmt.Errorf("read calls: %w", err)
	}
	answers := []answer{}
	for _, each := range calls {
		given, err := dispatch(client, each)
		if err != nil {
			return fmt.Errorf("%s: %w", each.Method, err)
		}
		answers = append(answers, given)
	}
	return json.NewEncoder(os.Stdout).Encode(answers)
}

func dispatch(client querierv1connect.QuerierServiceClient, each call) (answer, error) {
	switch each.Method {
	case "ProfileTypes":
		return send(client.ProfileTypes, each.Request)
	case "LabelNames":
		return send(client.LabelNames, each.Request)
	case "LabelValues":
		return send(client.LabelValues, each.Request)
	case "Series":
		return send(client.Series, each.Request)
	case "SelectSeries":
		return send(client.SelectSeries, each.Request)
	case "SelectMergeStacktraces":
		return send(client.SelectMergeStacktraces, each.Request)
	case "SelectMergeProfile":
		return send(client.SelectMergeProfile, each.Request)
	case "SelectMergeSpanProfile":
		return send(client.SelectMergeSpanProfile, each.Request)
	case "SelectHeatmap":
		return send(client.SelectHeatmap, each.Request)
	case "Diff":
		return send(client.Diff, each.Request)
	case "GetProfileStats":
		return send(client.GetProfileStats, each.Request)
	case "AnalyzeQuery":
		return send(client.AnalyzeQuery, each.Request)
	}
	return answer{}, fmt.Errorf("there is no such call")
}

func send[Asked, Given any](
	method func(context.Context, *connect.Request[Asked]) (*connect.Response[Given], error),
	request json.RawMessage,
) (answer, error) {
	message := new(Asked)
	if err := protojson.Unmarshal(request, any(message).(proto.Message)); err != nil {
		return answer{}, fmt.Errorf("read request: %w", err)
	}
	response, err := method(context.Background(), connect.NewRequest(message))
	if err != nil {
		return answer{Code: connect.CodeOf(err).String(), Message: err.Error()}, nil
	}
	text, err := protojson.Marshal(any(response.Msg).(proto.Message))
	return answer{Response: text}, err
}
