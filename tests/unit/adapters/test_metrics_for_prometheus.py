"""The counters and what /metrics shows of them."""

from __future__ import annotations

import socket
import urllib.error
import urllib.request

import pytest
from prometheus_client import generate_latest

from gateway.adapters.metrics import MetricsServer, PrometheusMetrics
from gateway.domain.errors import ConfigError
from gateway.ports.metrics import Count, Limit


def test_limits_are_counted_from_nought():
    metrics = PrometheusMetrics()
    metrics.allow({Limit.STREAMS: 32})
    metrics.level(Limit.STREAMS, 3)
    metrics.refused(Limit.RECIPIENTS)
    metrics.refused(Limit.RECIPIENTS)
    shown = generate_latest(metrics.registry).decode()
    assert 'sealgate_limit{limit="streams"} 32.0' in shown
    assert 'sealgate_limit_use{limit="streams"} 3.0' in shown
    assert 'sealgate_limit_refused_total{limit="recipients"} 2.0' in shown
    assert 'sealgate_limit_refused_total{limit="spool_bytes"} 0.0' in shown


def test_a_label_holds_nothing_but_its_own_values():
    metrics = PrometheusMetrics()
    metrics.count(Count.UNAUTHENTICATED, "smtp.password")
    metrics.count(Count.UNAUTHENTICATED, "ann@example.org")
    metrics.count(Count.SMTP_MESSAGES)
    shown = generate_latest(metrics.registry).decode()
    assert 'sealgate_unauthenticated_total{action="smtp.password"} 1.0' in shown
    assert 'sealgate_unauthenticated_total{action="other"} 1.0' in shown
    assert "sealgate_smtp_messages_total 1.0" in shown
    assert "ann" not in shown


def test_two_processes_worth_of_metrics_do_not_meet():
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.refused(Limit.STREAMS)
    assert 'refused_total{limit="streams"} 0.0' in generate_latest(other.registry).decode()


def test_the_port_shows_metrics_and_nothing_else():
    metrics = PrometheusMetrics()
    server = MetricsServer("127.0.0.1", 0, metrics.registry)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=60) as answer:
            assert b"sealgate_limit_refused_total" in answer.read()
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=60)
        assert refused.value.code == 404
        refused.value.close()
        # One that connects and says nothing keeps nobody else waiting.
        with socket.create_connection(("127.0.0.1", server.port)):
            urllib.request.urlopen(f"http://127.0.0.1:{server.port}/metrics", timeout=60).close()
    finally:
        server.close()


def test_a_port_that_is_taken_is_a_configuration_error():
    with socket.create_server(("127.0.0.1", 0)) as taken, pytest.raises(ConfigError, match="cannot be listened on"):
        MetricsServer("127.0.0.1", taken.getsockname()[1], PrometheusMetrics().registry)
