import http.server,json,time,random,sys,os,datetime,threading
state=sys.argv[2] if len(sys.argv)>2 else 'ok'
def iso(t): return datetime.datetime.utcfromtimestamp(t).strftime('%Y-%m-%dT%H:%M:%S.')+'%03dZ'%int(t%1*1000)
def point(t,i):
    bad=state!='rest' and 200<i<330
    r=random.Random(i)
    if state=='rest': return dict(at=iso(t),orders={},p50Milliseconds=None,p99Milliseconds=None,shed={},queued=0,faults=[])
    return dict(at=iso(t),orders=dict(confirmed=40+r.random()*8,accepted=5*bad,rejected=1*(r.random()<.2),refused=2*bad*r.random()),p50Milliseconds=9+r.random()*3,p99Milliseconds=(40 if not bad else 300)+r.random()*20,shed=dict(sheddable=6*bad*r.random()),queued=(i-200)*3 if bad else max(0,390-(i-330)*8) if i>=330 else r.randint(0,4),faults=[dict(service='coupon',kind='killed')] if bad else [])
def snap():
    t=time.time();down=state=='degraded'
    S=lambda n,s='ready',age=.4,**k: dict(name=n,state=s,since=iso(t-300),ageSeconds=age,requestsPerSecond=k.get('r',41.3 if state!='rest' else 0),p99Milliseconds=k.get('p',38.2))
    D=lambda to,role,b='closed',**k: dict({'from':'order'},to=to,role=role,criticality='critical-plus',breaker=b,bulkhead=dict(inUse=k.get('u',2 if state!='rest' else 0),limit=64),p50Milliseconds=5,p99Milliseconds=k.get('p',12.4),callsPerSecond=k.get('c',41.2 if state!='rest' else 0),failuresPerSecond=k.get('f',0),fallbacksPerSecond=k.get('fb',0))
    return dict(at=iso(t),mode='protected',level='degraded' if down else 'ok',since=iso(t-47),sentence=dict(en='Orders go through. Coupons up to $5.00 are taken off by the last known rule; larger ones are refunded later.' if down else 'Every order is confirmed.',ko='주문은 정상 접수됩니다. 5달러 이하 쿠폰은 마지막으로 확인한 규칙으로 바로 할인되고, 더 큰 쿠폰은 나중에 환불됩니다.' if down else '모든 주문이 바로 확정됩니다.'),
     services=[S('order'),S('inventory'),S('payment',p=51),S('coupon','dead',47) if down else S('coupon'),S('notification','frozen',2.1) if down else S('notification')],
     dependencies=[D('inventory','critical'),D('payment','critical',p=20),D('coupon','optional','open',f=0,fb=9.3,c=0.2) if down else D('coupon','optional',c=4.1),D('notification','optional','half-open') if down else D('notification','optional')],
     queues=[dict(service='order',ready=12 if down else 0,leased=2 if down else 0,delayed=117 if down else 0,dead=0,oldestAgeSeconds=44)],orders={},shed={},faults=[],incidents=[],
     recent=[dict(orderId='ord_01JZ7C2K9M4N5P6Q7R8S9T71XX',at=iso(t-20),status='confirmed',repaired=False,degradations=[dict(effect='coupon-estimated')]),dict(orderId='ord_01JZ7C2K9M4N5P6Q7R8S9T70AB',at=iso(t-90),status='accepted',repaired=True,repairedAt=iso(t-60),degradations=[dict(effect='payment-deferred',outcome='charged')])] if down else [],point=point(t,600))
class H(http.server.SimpleHTTPRequestHandler):
    def log_message(self,*a): pass
    def do_GET(self):
        if self.path=='/api/history':
            t=time.time();b=json.dumps(dict(points=[point(t-600+i,i) for i in range(600)])).encode()
            self.send_response(200);self.send_header('content-type','application/json');self.end_headers();self.wfile.write(b);return
        if self.path=='/api/stream':
            self.send_response(200);self.send_header('content-type','text/event-stream');self.end_headers()
            try:
                while True:
                    self.wfile.write(b'event: snapshot\ndata: '+json.dumps(snap()).encode()+b'\n\n');self.wfile.flush();time.sleep(1)
            except Exception: return
        p=self.path.replace('/assets','').strip('/') or 'index.html'
        ct={'html':'text/html','css':'text/css','js':'text/javascript'}.get(p.split('.')[-1],'text/plain')
        if not os.path.exists(p): self.send_error(404);return
        self.send_response(200);self.send_header('content-type',ct);self.end_headers();self.wfile.write(open(p,'rb').read())
http.server.ThreadingHTTPServer(('127.0.0.1',int(sys.argv[1])),H).serve_forever()
