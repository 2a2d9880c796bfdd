//! The media plane's reading in the words of the exposition.

use std::fmt;

use colloque_sfu::{CheckRefusal, DatagramKind, DropReason, Histogram, Reading};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

/// Nanoseconds in a second.
const NANOSECONDS: f64 = 1e9;
/// Microseconds in a second.
const MICROSECONDS: f64 = 1e6;
/// Parts of a whole, where the media plane counts shares.
const WHOLE: f64 = 10_000.0;

/// What the workers counted until now.
#[derive(Debug)]
pub(super) struct MediaReading(pub Reading);

impl Collector for MediaReading {
    fn encode(&self, encoder: DescriptorEncoder) -> fmt::Result {
        let mut out = Writer(encoder);
        self.write_traffic(&mut out)?;
        self.write_recovery(&mut out)?;
        self.write_presence(&mut out)?;
        self.write_distributions(&mut out)
    }
}

impl MediaReading {
    fn write_traffic(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Reading { counters, meter, .. } = &self.0;
        out.counters(
            "received_datagrams",
            "Datagrams that arrived, by protocol",
            "kind",
            DatagramKind::ALL.map(|kind| (kind_text(kind), counters.received(kind))),
        )?;
        out.counter("received_bytes", "Bytes of all datagrams that arrived", counters.received_bytes)?;
        out.counters(
            "dropped",
            "Datagrams and packets that were taken no further, by reason",
            "reason",
            DropReason::ALL.map(|reason| (drop_text(reason), counters.dropped(reason))),
        )?;
        out.counters(
            "ice_checks_refused",
            "Connectivity checks without an answer, by reason",
            "reason",
            CheckRefusal::ALL.map(|reason| (check_text(reason), counters.checks_refused(reason))),
        )?;
        let sent = [("udp", meter.sent), ("tcp", meter.stream_sent)];
        out.counters("sent_datagrams", "Datagrams that left, by transport", "transport", sent)?;
        out.counter("sent_messages", "Messages that carried the datagrams by UDP", meter.messages_sent)?;
        out.counter("sent_bytes", "Bytes of all datagrams that left or found no room", meter.sent_bytes)?;
        let lost = [("kernel", meter.send_refused), ("arena", meter.overflowed), ("stream", meter.stream_overflowed)];
        out.counters("send_failures", "Datagrams that could not be sent, by what refused them", "refused_by", lost)?;
        out.counter("stream_received_datagrams", "Datagrams that came by TCP", meter.stream_received)?;
        out.counter("truncated_datagrams", "Datagrams longer than any that is allowed", meter.truncated)?;
        out.counter("receive_errors", "Errors of the media ports", meter.receive_errors)?;
        out.counters(
            "forwarded_packets",
            "Packets sent on to subscribers, at once or when their link had room",
            "when",
            [("at_once", counters.forwarded), ("paced", counters.paced)],
        )?;
        out.counter("padding_packets", "Packets of padding, by which links are measured", counters.padded)
    }

    fn write_recovery(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Reading { counters, meter, .. } = &self.0;
        out.counters(
            "handshakes",
            "Handshakes that ended, by how",
            "outcome",
            [("completed", counters.handshakes_completed), ("failed", counters.handshakes_failed)],
        )?;
        out.counter("nacks_received", "Loss reports of subscribers", counters.nacks_received)?;
        out.counter("missed_packets", "Packets that subscribers asked for again", counters.packets_missed)?;
        out.counter("retransmitted_packets", "Packets sent again", counters.retransmitted)?;
        out.counter("requested_packets", "Packets that publishers were asked for again", counters.packets_requested)?;
        out.counters(
            "keyframe_requests",
            "Requests for keyframes: received from subscribers, merged with an earlier one, sent to publishers",
            "what",
            [
                ("received", counters.keyframe_requests_received),
                ("merged", counters.keyframe_requests_merged),
                ("sent", counters.keyframe_requests_sent),
            ],
        )?;
        out.counter("keyframes", "Keyframes of publishers", counters.keyframes)?;
        out.counter("queues_given_up", "Pictures that began anew because they lagged", counters.queues_given_up)?;
        out.counter("failed_rooms", "Rooms that a defect ended", meter.rooms_failed)
    }

    fn write_presence(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Reading { population, streams, workers, .. } = &self.0;
        let rooms = [("open", population.rooms_open), ("closed", population.rooms_closed)];
        out.gauges("rooms", "Rooms, by whether media pass", "gate", rooms)?;
        out.gauges(
            "peers",
            "Transports of participants, by state",
            "state",
            [
                ("connecting", population.peers_connecting),
                ("connected", population.peers_connected),
                ("lost", population.peers_lost),
            ],
        )?;
        out.gauge("tracks", "Sources that are or may be published", population.tracks)?;
        out.gauge("streams", "TCP connections that carry media", *streams)?;
        out.gauge("workers", "Threads of the media plane", *workers)
    }

    fn write_distributions(&self, out: &mut Writer<'_>) -> fmt::Result {
        let Reading { counters, meter, .. } = &self.0;
        out.histogram(
            "forwarding_seconds",
            "From a packet's arrival at the kernel, that of the oldest of its batch, to the return of the call that sent it on",
            &meter.forwarding,
            NANOSECONDS,
        )?;
        out.histogram("receive_batch_datagrams", "Datagrams of one receiving call", &meter.receive_batches, 1.0)?;
        out.histogram("send_batch_datagrams", "Datagrams sent together", &meter.send_batches, 1.0)?;
        out.histogram(
            "estimate_bits_per_second",
            "What a subscriber's link is believed to carry, once a second for each",
            &counters.estimates,
            1.0,
        )?;
        out.histogram(
            "downlink_loss_ratio",
            "Share of packets lost on the way to a subscriber, once a second for each",
            &counters.downlink_loss,
            WHOLE,
        )?;
        out.histogram(
            "uplink_loss_ratio",
            "Share of packets lost on the way from a publisher, once a second for each track",
            &counters.uplink_loss,
            WHOLE,
        )?;
        out.histogram(
            "round_trip_seconds",
            "Round trip of a peer, once a second for each",
            &counters.round_trips,
            MICROSECONDS,
        )
    }
}

/// Writes metrics of the media plane, one family after the other.
struct Writer<'a>(DescriptorEncoder<'a>);

impl Writer<'_> {
    fn counter(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.one(name, help, MetricType::Counter, &ConstCounter::new(value))
    }

    fn counters<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: [(&'static str, u64); N],
    ) -> fmt::Result {
        let metrics = values.map(|(text, value)| (text, ConstCounter::new(value)));
        self.family(name, help, MetricType::Counter, label, metrics)
    }

    fn gauge(&mut self, name: &str, help: &str, value: u64) -> fmt::Result {
        self.one(name, help, MetricType::Gauge, &ConstGauge::new(value))
    }

    fn gauges<const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        values: [(&'static str, u64); N],
    ) -> fmt::Result {
        let metrics = values.map(|(text, value)| (text, ConstGauge::new(value)));
        self.family(name, help, MetricType::Gauge, label, metrics)
    }

    fn one(&mut self, name: &str, help: &str, kind: MetricType, metric: &impl EncodeMetric) -> fmt::Result {
        metric.encode(self.0.encode_descriptor(&named(name), help, None, kind)?)
    }

    /// Writes one metric for each word of a label.
    fn family<M: EncodeMetric, const N: usize>(
        &mut self,
        name: &str,
        help: &str,
        kind: MetricType,
        label: &'static str,
        metrics: [(&'static str, M); N],
    ) -> fmt::Result {
        let name = named(name);
        let mut family = self.0.encode_descriptor(&name, help, None, kind)?;
        for (text, metric) in metrics {
            metric.encode(family.encode_family(&[(label, text)])?)?;
        }
        Ok(())
    }

    /// Writes a histogram whose integers are divided by `unit`.
    fn histogram(&mut self, name: &str, help: &str, histogram: &Histogram, unit: f64) -> fmt::Result {
        let buckets: Vec<(f64, u64)> = histogram
            .buckets()
            .map(|(bound, count)| (bound.map_or(f64::INFINITY, |bound| bound as f64 / unit), count))
            .collect();
        let name = named(name);
        let mut metric = self.0.encode_descriptor(&name, help, None, MetricType::Histogram)?;
        metric.encode_histogram::<NoLabelSet>(histogram.sum() as f64 / unit, histogram.count(), &buckets, None)
    }
}

fn named(name: &str) -> String {
    format!("colloque_media_{name}")
}

const fn kind_text(kind: DatagramKind) -> &'static str {
    match kind {
        DatagramKind::Stun => "stun",
        DatagramKind::Dtls => "dtls",
        DatagramKind::Rtp => "rtp",
        DatagramKind::Rtcp => "rtcp",
        DatagramKind::Other => "other",
    }
}

const fn drop_text(reason: DropReason) -> &'static str {
    match reason {
        DropReason::NoProtocol => "no_protocol",
        DropReason::UnknownAddress => "unknown_address",
        DropReason::Malformed => "malformed",
        DropReason::OverMediaBudget => "over_media_budget",
        DropReason::OverReportBudget => "over_report_budget",
        DropReason::NotOpened => "not_opened",
        DropReason::RoomClosed => "room_closed",
        DropReason::WrongStream => "wrong_stream",
        DropReason::Duplicate => "duplicate",
    }
}

const fn check_text(reason: CheckRefusal) -> &'static str {
    match reason {
        CheckRefusal::UnknownName => "unknown_name",
        CheckRefusal::Forged => "forged",
        CheckRefusal::AddressTaken => "address_taken",
    }
}
